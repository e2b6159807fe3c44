// SPDX-License-Identifier: Apache-2.0
#include "bake_setting.hpp"
#include "base/program.hpp"
#include "support/extension_image.hpp"
#include "verity/checked_image.hpp"
#include "verity/gpt_disk.hpp"
#include "verity/signature_partition.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cctype>

using bakery::Outcome;
using bakery::Work;
using bakery_tests::contains;
using bakery_tests::Kitchen;

namespace {

constexpr const char *recipe = "name: hello\nversion: 1\narchitectures: x86-64\ncontainer: ddi\n"
                               "files: [{to: /usr/bin/hello, text: hello}]\n";

std::string run(std::vector<std::string> argv)
{
  const base::Finished done = base::ProcessRunner().run({.argv = std::move(argv)});
  REQUIRE_MESSAGE(done.status == 0, done.errors);
  return done.output;
}

/// A key and its certificate as OpenSSL's tool makes them.
support::Identity identity(const std::vector<std::string> &kind)
{
  const support::TempRoot root;
  std::vector<std::string> argv = {"openssl", "req", "-x509", "-nodes", "-subj", "/CN=signer"};
  argv.insert(argv.end(), kind.begin(), kind.end());
  argv.insert(argv.end(), {"-keyout", root.path() + "/key", "-out", root.path() + "/certificate"});
  (void)run(argv);
  return {.certificate = root.read("certificate"), .key = root.read("key")};
}

const support::Identity &ec()
{
  static const support::Identity made =
      identity({"-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"});
  return made;
}

const support::Identity &rsa()
{
  static const support::Identity made = identity({"-newkey", "rsa:2048"});
  return made;
}

bakery::Product bake_signed(Kitchen &kitchen, const support::Identity &signer)
{
  bakery::BakeRequest request = kitchen.request();
  request.signer = {.key_pem = signer.key, .certificate_pem = signer.certificate};
  return bakery::bake(kitchen.host.host, request).at(0);
}

bakery::Product attach(Kitchen &kitchen, const std::string &certificate)
{
  bakery::BakeRequest request = kitchen.request(Work::attach);
  request.certificate = certificate;
  return bakery::bake(kitchen.host.host, request).at(0);
}

std::string attach_refusal(Kitchen &kitchen, const std::string &certificate)
{
  try {
    (void)attach(kitchen, certificate);
  } catch (const base::Error &error) {
    return std::string(base::name(error.kind())) + ": " + error.what();
  }
  return "accepted";
}

/// What strake's own reader says on a machine that takes nothing but what `trusted` has signed.
std::string opened(Kitchen &kitchen, const support::Identity &trusted)
{
  kitchen.host.root.write("etc/verity.d/signer.crt", trusted.certificate);
  try {
    const auto parts =
        verity::open_image(kitchen.host.host,
                           "/out/hello_1_x86-64.raw",
                           verity::ImagePolicy::parse("root=signed:usr=absent:=unused+absent"));
    REQUIRE(parts.size() == 1);
    return fmt::format(
        "{} {} {}", parts[0].designator, parts[0].file_system, verity::name(parts[0].protection));
  } catch (const base::Error &error) {
    return std::string(base::name(error.kind())) + ": " + error.what();
  }
}

} // namespace

TEST_CASE("ddi: the signed image passes the strictest policy, and no other signer's")
{
  for (const support::Identity *signer : {&ec(), &rsa()}) {
    Kitchen kitchen(recipe);
    const bakery::Product product = bake_signed(kitchen, *signer);
    CHECK(product.made.signer == verity::certificate_fingerprint(signer->certificate));
    CHECK(opened(kitchen, *signer) == "root erofs signed");
    CHECK(contains(opened(kitchen, signer == &ec() ? rsa() : ec()), "untrusted: "));
  }
}

TEST_CASE("ddi: sfdisk finds nothing wrong with the table, and what the specification wants in it")
{
  Kitchen kitchen(recipe);
  const bakery::Product product = bake_signed(kitchen, ec());
  CHECK(contains(run({"sfdisk", "--verify", product.path}), "No errors detected"));
  const auto table = nlohmann::json::parse(run({"sfdisk", "--json", product.path}))
                         .at("partitiontable")
                         .at("partitions");
  REQUIRE(table.size() == 3);
  CHECK(table[0].at("type") == "4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709");
  CHECK(table[1].at("type") == "2C7357ED-EBD2-46D9-AEC1-23D437EC2BF5");
  CHECK(table[2].at("type") == "41092B05-9FC8-4523-994F-2DEF0408B176");
  std::string uuids =
      table[0].at("uuid").get<std::string>() + table[1].at("uuid").get<std::string>();
  std::erase(uuids, '-');
  std::transform(uuids.begin(), uuids.end(), uuids.begin(), [](unsigned char one) {
    return static_cast<char>(std::tolower(one));
  });
  CHECK(uuids == verity::hex(*product.made.root_hash));
  CHECK(table[0].at("name") == "hello_1");
}

TEST_CASE("ddi: veritysetup accepts the tree, and openssl the signature")
{
  Kitchen kitchen(recipe);
  const bakery::Product product = bake_signed(kitchen, ec());
  const verity::GptDisk disk(kitchen.host.root.dir().file("out/hello_1_x86-64.raw"), "image");
  const verity::GptTable table = disk.table();
  const std::string image = kitchen.output("hello_1_x86-64.raw");
  const auto part = [&](unsigned number) {
    const verity::GptEntry &entry = table.entry(number);
    return image.substr(table.offset_of(entry), table.length_of(entry));
  };
  const std::string root_hash = verity::hex(*product.made.root_hash);
  const support::TempRoot root({{"data", part(1)}, {"tree", part(2)}, {"hash", root_hash}});
  (void)run({"veritysetup", "verify", root.path() + "/data", root.path() + "/tree", root_hash});
  const auto read = verity::parse_signature_partition(part(3));
  REQUIRE_MESSAGE(read.signature, read.refusal);
  root.write("signature", read.signature->signature);
  root.write("certificate", ec().certificate);
  (void)run({"openssl",
             "smime",
             "-verify",
             "-binary",
             "-inform",
             "der",
             "-noverify",
             "-nointern",
             "-in",
             root.path() + "/signature",
             "-content",
             root.path() + "/hash",
             "-certfile",
             root.path() + "/certificate",
             "-out",
             root.path() + "/out"});
  CHECK(read.signature->signature.size() < 400); // neither certificates nor attributes
}

TEST_CASE(
    "ddi: with an RSA key each build has the same bytes, with an EC key all but the signature")
{
  Kitchen one(recipe);
  Kitchen other(recipe);
  CHECK(bake_signed(one, rsa()).made == bake_signed(other, rsa()).made);
  CHECK((one.output("hello_1_x86-64.raw") == other.output("hello_1_x86-64.raw")));
  CHECK(bake_signed(one, ec()).made.root_hash == bake_signed(other, ec()).made.root_hash);
}

TEST_CASE("ddi: another signer means another image")
{
  Kitchen kitchen(recipe);
  CHECK(kitchen.bake().outcome == Outcome::baked);
  CHECK(bake_signed(kitchen, ec()).outcome == Outcome::baked);
  CHECK(bake_signed(kitchen, ec()).outcome == Outcome::unchanged);
  CHECK(bake_signed(kitchen, rsa()).outcome == Outcome::baked);
  CHECK(kitchen.bake().outcome == Outcome::unchanged); // who has no key leaves the signature alone
}

TEST_CASE("ddi: a signature made elsewhere is attached, and the image is as if signed at once")
{
  Kitchen at_once(recipe);
  (void)bake_signed(at_once, rsa());
  Kitchen kitchen(recipe);
  const bakery::Product baked = kitchen.bake();
  CHECK(contains(opened(kitchen, rsa()), "untrusted: "));
  CHECK(contains(attach_refusal(kitchen, rsa().certificate), "not_found: "));
  const std::string root_hash = kitchen.output("hello_1_x86-64.roothash");
  CHECK(root_hash == verity::hex(*baked.made.root_hash));
  kitchen.host.root.write("out/hello_1_x86-64.roothash.p7s", support::sign_pkcs7(rsa(), root_hash));
  CHECK(contains(attach_refusal(kitchen, ec().certificate), "untrusted: "));
  const bakery::Product attached = attach(kitchen, rsa().certificate);
  CHECK(attached.outcome == Outcome::attached);
  CHECK((kitchen.output("hello_1_x86-64.raw") == at_once.output("hello_1_x86-64.raw")));
  CHECK(opened(kitchen, rsa()) == "root erofs signed");
  CHECK(kitchen.bake().outcome == Outcome::unchanged);
  CHECK(contains(kitchen.output("hello_1_x86-64.spdx.json"), attached.made.sha256));
}

TEST_CASE("ddi: nothing is attached to what was not baked, was changed, or is signed for another")
{
  Kitchen kitchen(recipe);
  CHECK(contains(attach_refusal(kitchen, rsa().certificate), "not_found: "));
  (void)kitchen.bake();
  const std::string before = kitchen.output("hello_1_x86-64.raw");
  const auto sign = [&](const std::string &text) {
    kitchen.host.root.write("out/hello_1_x86-64.roothash.p7s", support::sign_pkcs7(rsa(), text));
  };
  sign(std::string(64, '0'));
  CHECK(contains(attach_refusal(kitchen, rsa().certificate), "untrusted: "));
  CHECK((kitchen.output("hello_1_x86-64.raw") == before));
  sign(kitchen.output("hello_1_x86-64.roothash"));
  std::string changed = before;
  changed[1'050'000] = '!';
  kitchen.host.root.write("out/hello_1_x86-64.raw", changed);
  CHECK(contains(attach_refusal(kitchen, rsa().certificate), "untrusted: "));
  Kitchen naked("name: hello\nversion: 1\nfiles: [{to: /usr/a, text: a}]\n");
  (void)naked.bake();
  CHECK(contains(attach_refusal(naked, rsa().certificate), "takes no signature"));
}

TEST_CASE("ddi: an image of /usr is of that type, and one without architecture is refused")
{
  Kitchen usr("name: os\nversion: 1\nclass: usr\narchitectures: arm64\ncontainer: ddi\n"
              "files: [{to: /bin/a, text: a}]\n");
  const auto table = nlohmann::json::parse(run({"sfdisk", "--json", usr.bake().path}));
  CHECK(table.at("partitiontable").at("partitions")[0].at("type") ==
        "B0E01050-EE5F-4390-949A-9101B17104E9");
  Kitchen any("name: os\nversion: 1\ncontainer: ddi\nfiles: [{to: /usr/a, text: a}]\n");
  CHECK(contains(any.refusal(), "config: "));
  CHECK(contains(any.refusal(), "name it under \"architectures\""));
}

TEST_CASE("ddi: a key that is none, or not that of the certificate, is refused without its text")
{
  Kitchen kitchen(recipe);
  const auto refusal = [&](const std::string &key, const std::string &certificate) {
    try {
      (void)bake_signed(kitchen, {.certificate = certificate, .key = key});
    } catch (const base::Error &error) {
      CHECK(error.kind() == base::Kind::config);
      return std::string(error.what());
    }
    return std::string("accepted");
  };
  CHECK(contains(refusal("secret", ec().certificate), "no private key in PEM form"));
  CHECK_FALSE(contains(refusal("secret", ec().certificate), "secret"));
  CHECK(contains(refusal(ec().key, "x"), "no certificate in PEM form"));
  CHECK(contains(refusal(ec().key, rsa().certificate), "not that of the key"));
  CHECK_FALSE(kitchen.host.root.exists("out/hello_1_x86-64.raw"));
}
