// SPDX-License-Identifier: Apache-2.0
#include "base/error.hpp"
#include "handoff/root_signature.hpp"
#include "handoff/slot_disk_bytes.hpp"
#include "support/disk_file.hpp"
#include "support/test_host.hpp"

#include <doctest/doctest.h>

TEST_SUITE_BEGIN("handoff/root_signature");

using base::Kind;
using handoff::SignatureNeed;
using handoff_test::SlotBytes;

namespace {

const verity::Sha256 other_hash = verity::parse_sha256(std::string(64, 'a')).value();

verity::RootHashClaim
claim_on(const support::TestHost &machine, const SlotBytes &bytes, const std::string &options)
{
  const support::DiskFile file(bytes.disk);
  const handoff::SlotDisk disk(verity::GptDisk(file.open(), "disk"));
  return handoff::claim_of(machine.host, disk, options, bytes.root);
}

std::optional<Kind> kind_of_refusal(const support::TestHost &machine, const std::string &options)
{
  try {
    claim_on(machine, handoff_test::slot_disk(), options);
  } catch (const base::Error &error) {
    return error.kind();
  }
  return std::nullopt;
}

SlotBytes signed_disk()
{
  return handoff_test::slot_disk([](const verity::Sha256 &root) {
    return verity::RootHashSignature{.root_hash = root, .signature = "of the partition"};
  });
}

} // namespace

TEST_CASE("the kernel or the command line says whether a root has to be signed")
{
  support::TestHost machine;
  CHECK(handoff::signature_need(machine.host, "quiet roothash=aa") == SignatureNeed::none);
  CHECK(handoff::signature_need(machine.host, "roothashsig=/a quiet") == SignatureNeed::by_entry);
  machine.root.write("sys/module/dm_verity/parameters/require_signatures", "N\n");
  CHECK(handoff::signature_need(machine.host, "quiet") == SignatureNeed::none);
  machine.root.write("sys/module/dm_verity/parameters/require_signatures", "Y\n");
  CHECK(handoff::signature_need(machine.host, "quiet") == SignatureNeed::by_machine);
  CHECK(handoff::signature_need(machine.host, "roothashsig=/a") == SignatureNeed::by_machine);
}

TEST_CASE("a signature is on the command line, in a file that it names, or in a partition")
{
  support::TestHost machine;
  machine.root.write("etc/root.p7s", "of the file");
  const SlotBytes unsigned_slot = handoff_test::slot_disk();
  CHECK(claim_on(machine, unsigned_slot, "quiet").signature.empty());
  CHECK(claim_on(machine, unsigned_slot, "roothashsig=base64:YWJj quiet").signature == "abc");
  CHECK(claim_on(machine, unsigned_slot, "roothashsig=/etc/root.p7s").signature == "of the file");
  const SlotBytes bytes = signed_disk();
  CHECK(claim_on(machine, bytes, "quiet").signature == "of the partition");
  CHECK(claim_on(machine, bytes, "quiet").root_hash == bytes.root);
  CHECK(claim_on(machine, bytes, "roothashsig=base64:YWJj").signature == "abc");
}

TEST_CASE("a signature partition that is about another root counts for nothing")
{
  const support::TestHost machine;
  const SlotBytes bytes = handoff_test::slot_disk([](const verity::Sha256 & /*root*/) {
    return verity::RootHashSignature{.root_hash = other_hash, .signature = "of another"};
  });
  CHECK(claim_on(machine, bytes, "quiet").signature.empty());
}

TEST_CASE("a signature that is named and cannot be read is an error")
{
  const support::TestHost machine;
  CHECK(kind_of_refusal(machine, "roothashsig=/only/in/the/initrd") == Kind::not_found);
  CHECK(kind_of_refusal(machine, "roothashsig=base64:-") == Kind::config);
}

TEST_CASE("who demands a signature, gets one by a key that counts")
{
  const verity::RootHashClaim none{.root_hash = other_hash, .source = "its command line"};
  const verity::RootHashClaim some{
      .root_hash = other_hash, .source = "its partition", .signature = "s"};
  const verity::RootHashVerdict stranger{.why = "nobody knows it"};
  const verity::RootHashVerdict known{.trusted = true, .certificate = "/etc/verity.d/a.crt"};
  const auto refusal = handoff::refusal_of;
  CHECK(refusal(SignatureNeed::none, none, {}).empty());
  CHECK(refusal(SignatureNeed::none, some, stranger).empty());
  CHECK(refusal(SignatureNeed::by_entry, some, known).empty());
  CHECK(refusal(SignatureNeed::by_entry, some, stranger) ==
        "its command line demands a signature (roothashsig=), and that of its partition is not "
        "accepted: nobody knows it");
  CHECK(refusal(SignatureNeed::by_machine, none, {}) ==
        "the kernel demands a signature (dm_verity.require_signatures=), and there is no signature "
        "of its root hash: neither roothashsig= on its command line nor a partition "
        "root-verity-sig");
  CHECK(refusal(SignatureNeed::by_machine, some, stranger).ends_with("nobody knows it"));
  CHECK(refusal(SignatureNeed::by_machine, some, known)
            .ends_with("the kernel does not have the key of /etc/verity.d/a.crt"));
}

TEST_SUITE_END();
