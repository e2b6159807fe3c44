// SPDX-License-Identifier: Apache-2.0
#include "image_setting.hpp"
#include "support/watched_sys.hpp"
#include "verity/gpt.hpp"

#include <fcntl.h>
#include <sys/xattr.h>

TEST_SUITE_BEGIN("verity/checked_image");

using setting::beside;
using setting::default_policy;
using setting::good;
using setting::Machine;
using setting::strict;

namespace {

bool contains(const std::string &text, const std::string &part)
{
  return text.find(part) != std::string::npos;
}

std::string hash_text()
{
  return verity::hex(good().tree.root);
}

/// The good image with its signature partition left out.
std::string unsigned_ddi()
{
  auto parts = support::ddi_parts(good());
  parts.pop_back();
  return support::disk_of(parts);
}

} // namespace

TEST_CASE(
    "a signed image meets the strict policy, and its copy is sealed and its bytes are those signed")
{
  for (const unsigned sector_size : {512U, 4096U}) {
    CAPTURE(sector_size);
    Machine machine;
    REQUIRE(machine.open_bytes(support::disk_of(support::ddi_parts(good()), sector_size)) ==
            "root erofs signed");
    const verity::CheckedPart &part = machine.parts.front();
    CHECK(part.root_hash == good().tree.root);
    CHECK(part.signer == "/etc/verity.d/signer.crt");
    CHECK(part.signer_fingerprint == support::fingerprint_of(setting::signer()));
    CHECK(part.shortcoming.empty());
    CHECK((Machine::content_of(part) == good().data));
    constexpr int seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
    CHECK((::fcntl(part.source.number(), F_GET_SEALS) & seals) == seals);
  }
}

TEST_CASE("what was checked is what is given back, whatever becomes of the image")
{
  Machine machine;
  REQUIRE(machine.open_bytes(support::ddi_of(good())) == "root erofs signed");
  machine.root.write(setting::image_path, "something else");
  CHECK((Machine::content_of(machine.parts.front()) == good().data));
}

TEST_CASE("a large copy lies without a name in a directory that only root may enter")
{
  Machine machine;
  machine.root.write(setting::image_path, support::ddi_of(good()));
  REQUIRE(machine.open(strict, {.memory_limit = 4096}) == "root erofs signed");
  CHECK((Machine::content_of(machine.parts.front()) == good().data));
  const auto status = machine.root.dir().status("var/lib/strake/verified");
  REQUIRE(status);
  CHECK((status->st_mode & 07777U) == 0700);
  CHECK(machine.root.dir().dir("var/lib/strake/verified").entries().empty());
  struct stat copy = {};
  REQUIRE(::fstat(machine.parts.front().source.number(), &copy) == 0);
  CHECK(copy.st_nlink == 0);
}

TEST_CASE("a /usr partition is protected like a root one")
{
  Machine machine;
  CHECK(machine.open_bytes(support::disk_of(support::ddi_parts(good(), "usr"))) ==
        "usr erofs signed");
}

TEST_CASE("an image without signature is as good as its root hash")
{
  Machine machine;
  machine.root.write(setting::image_path, unsigned_ddi());
  CHECK(machine.open(default_policy) == "root erofs verity");
  CHECK(contains(machine.parts.front().shortcoming, "there is no signature"));
  CHECK(machine.open("root=verity") == "root erofs verity");
  CHECK(contains(machine.open("root=signed+unprotected"), "is unsigned: there is no signature"));
}

TEST_CASE("a policy that asks for no verity does not look at the tree")
{
  Machine machine;
  auto parts = support::ddi_parts(good());
  parts[1].content[5000] ^= 1;
  machine.root.write(setting::image_path, support::disk_of(parts));
  CHECK(machine.open("root=unprotected") == "root erofs unprotected");
  CHECK(contains(machine.open(default_policy), "block 1 of the hash tree is not what"));
}

TEST_CASE("a plain file system is given back as it is, where the policy allows that")
{
  Machine machine;
  CHECK(machine.open_bytes(good().data, default_policy) == "root erofs unprotected");
  const verity::CheckedPart &part = machine.parts.front();
  CHECK(part.range.start == 0);
  CHECK(part.range.length == good().data.size());
  CHECK_FALSE(part.root_hash);
  CHECK(::fcntl(part.source.number(), F_GET_SEALS) == -1);
  CHECK(contains(machine.open(strict),
                 "untrusted: the image /var/lib/extensions/hello.raw: the image policy wants the "
                 "image's partition root protected (absent+signed), but it is unprotected: there "
                 "is no hash tree, neither in a partition root-verity nor in "
                 "/var/lib/extensions/hello.verity"));
  CHECK(contains(machine.open("usr=signed"), "counts as root, which the image policy ignores"));
}

TEST_CASE("a squashfs is as good as an erofs")
{
  Machine machine;
  const std::string data = support::squashfs_of({{"usr/lib/hello", "hello"}});
  CHECK(machine.open_bytes(data, default_policy) == "root squashfs unprotected");
  CHECK(contains(machine.open("root=unprotected+erofs"), "holds squashfs, and the image policy"));
  machine.host.environment["SYSTEMD_DISSECT_FILE_SYSTEMS"] = "ext4:erofs";
  CHECK(contains(machine.open(default_policy), "holds squashfs, and only ext4:erofs are allowed"));
  machine.host.environment["SYSTEMD_DISSECT_FSTYPE_ROOT"] = "ext4";
  CHECK(machine.open(default_policy) == "root ext4 unprotected");
}

TEST_CASE("a plain file system may have its tree, root hash and signature beside it")
{
  Machine machine;
  machine.root.write(setting::image_path, good().data);
  machine.root.write(std::string(beside) + ".verity", good().tree.bytes);
  CHECK(machine.open(default_policy) == "root erofs unprotected");
  CHECK(contains(machine.parts.front().shortcoming, "nothing says what its root hash is"));
  machine.root.write(std::string(beside) + ".roothash", hash_text() + "\n");
  CHECK(machine.open(default_policy) == "root erofs verity");
  machine.root.write(std::string(beside) + ".roothash.p7s", good().signature);
  CHECK(machine.open() == "root erofs signed");
  machine.host.environment["SYSTEMD_DISSECT_VERITY_SIDECAR"] = "0";
  CHECK(machine.open(default_policy) == "root erofs unprotected");
}

TEST_CASE("the root hash may be an attribute of the image, which goes before the file")
{
  Machine machine;
  machine.root.write(setting::image_path, good().data);
  machine.root.write(std::string(beside) + ".verity", good().tree.bytes);
  machine.root.write(std::string(beside) + ".roothash", std::string(64, '0'));
  const std::string path = machine.root.path() + setting::image_path;
  const std::string text = hash_text();
  if (::setxattr(path.c_str(), "user.verity.roothash", text.data(), text.size(), 0) < 0) {
    MESSAGE("this file system has no such attributes");
    return;
  }
  CHECK(machine.open(default_policy) == "root erofs verity");
}

TEST_CASE("a root hash beside an image with partitions chooses those that are named by it")
{
  Machine machine;
  auto parts = support::ddi_parts(good());
  parts.pop_back();
  const std::string other = support::erofs_of({{"usr/lib/other", "other"}});
  parts.push_back({"root", other, {}, "newer_9"});
  machine.root.write(setting::image_path, support::disk_of(parts));
  machine.root.write(std::string(beside) + ".roothash", hash_text());
  CHECK(machine.open("root=verity") == "root erofs verity");
  CHECK((Machine::content_of(machine.parts.front()) == good().data));
  machine.root.write(std::string(beside) + ".roothash.p7s", good().signature);
  CHECK(machine.open() == "root erofs signed");
}

TEST_CASE("each way to verify can be switched off, and never makes an image better than it is")
{
  Machine machine;
  machine.root.write(setting::image_path, support::ddi_of(good()));
  auto &environment = machine.host.environment;
  SUBCASE("the signature partition")
  {
    environment["SYSTEMD_DISSECT_VERITY_EMBEDDED"] = "no";
    CHECK(machine.open(default_policy) == "root erofs verity");
    environment["SYSTEMD_DISSECT_VERITY_GUESS"] = "no";
    CHECK(machine.open(default_policy) == "root erofs unprotected");
    CHECK(contains(machine.open(), "or they are switched off"));
  }
  SUBCASE("signatures")
  {
    environment["SYSTEMD_DISSECT_VERITY_SIGNATURE"] = "0";
    CHECK(machine.open(default_policy) == "root erofs verity");
    CHECK(contains(machine.open(), "SYSTEMD_DISSECT_VERITY_SIGNATURE says not to"));
  }
  SUBCASE("certificates outside of the kernel, by a variable")
  {
    environment["SYSTEMD_ALLOW_USERSPACE_VERITY"] = "0";
    CHECK(machine.open(default_policy) == "root erofs verity");
    CHECK(contains(machine.open(), "$SYSTEMD_ALLOW_USERSPACE_VERITY=0 forbids"));
    environment["SYSTEMD_ALLOW_USERSPACE_VERITY"] = "perhaps";
    CHECK(contains(machine.open(), "$SYSTEMD_ALLOW_USERSPACE_VERITY=perhaps forbids"));
    environment["SYSTEMD_ALLOW_USERSPACE_VERITY"] = "1";
    CHECK(machine.open() == "root erofs signed");
  }
  SUBCASE("certificates outside of the kernel, by its command line")
  {
    machine.root.write("proc/cmdline", "quiet systemd.allow-userspace-verity=0 ro");
    CHECK(contains(machine.open(), "systemd.allow_userspace_verity=0 on the kernel's command"));
    machine.root.write("proc/cmdline",
                       "systemd.allow_userspace_verity=0 "
                       "systemd.allow_userspace_verity");
    CHECK(machine.open() == "root erofs signed");
  }
  SUBCASE("a variable that is no boolean changes nothing")
  {
    environment["SYSTEMD_DISSECT_VERITY_SIGNATURE"] = "perhaps";
    CHECK(machine.open() == "root erofs signed");
  }
}

TEST_CASE("an untrusted signature makes an image unsigned, and never unprotected")
{
  Machine machine;
  machine.root.write("etc/verity.d/signer.crt", setting::stranger().certificate);
  machine.root.write(setting::image_path, support::ddi_of(good()));
  CHECK(machine.open(default_policy) == "root erofs verity");
  CHECK(contains(machine.parts.front().shortcoming, "the signer is none of the 1 in verity.d"));
  CHECK(contains(machine.open("root=signed+unprotected"), "is unsigned: the signer is none"));
}

TEST_CASE("other partitions are judged by the policy too")
{
  Machine machine;
  auto parts = support::ddi_parts(good());
  parts.push_back({"esp", "boot"});
  machine.root.write(setting::image_path, support::disk_of(parts));
  CHECK(machine.open() == "root erofs signed");
  CHECK(contains(machine.open("root=signed:=absent"), "partition esp, which the image policy"));
  CHECK(contains(machine.open("root=signed:srv=unprotected"), "has no partition srv"));
  CHECK(contains(machine.open("root=signed+read-only-on"), "read-only or growfs flag"));
  CHECK(contains(machine.open("-"), "no root and no /usr partition that may be used"));
}

TEST_CASE("nothing is written anywhere before the policy is met")
{
  class Counting final : public support::WatchedSys {
  public:
    int calls = 0;

  private:
    void around(const support::Call & /*call*/, const std::function<void()> &perform) override
    {
      ++calls;
      perform();
    }
  };

  Machine machine;
  Counting sys;
  const base::Host host{.sys = sys,
                        .programs = machine.programs,
                        .fetcher = machine.fetcher,
                        .clock = machine.clock,
                        .log = machine.host.log,
                        .environment = {},
                        .root = machine.root.dir().again(),
                        .machine = machine.root.dir().again(),
                        .is_running_system = false};
  machine.root.write(setting::image_path, unsigned_ddi());
  CHECK_THROWS_AS(verity::open_image(host, setting::image_path, verity::ImagePolicy::parse(strict)),
                  base::Error);
  CHECK(sys.calls == 0);
  machine.root.write(setting::image_path, support::ddi_of(good()));
  CHECK(verity::open_image(host, setting::image_path, verity::ImagePolicy::parse(strict)).size() ==
        1);
  CHECK(sys.calls == 3); // the file in memory, the copy, the seal
}

TEST_CASE("the claimed root hash is told without a look at the data")
{
  Machine machine;
  auto parts = support::ddi_parts(good());
  parts[0].content.assign(parts[0].content.size(), 'x');
  machine.root.write(setting::image_path, support::disk_of(parts));
  CHECK(verity::claimed_root_hash(machine.host, setting::image_path) == good().tree.root);
  machine.root.write(setting::image_path, good().data);
  CHECK_FALSE(verity::claimed_root_hash(machine.host, setting::image_path));
}
