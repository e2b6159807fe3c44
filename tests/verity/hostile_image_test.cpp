// SPDX-License-Identifier: Apache-2.0
#include "base/specifier.hpp"
#include "image_setting.hpp"
#include "verity/gpt_disk.hpp"

#include <cstring>
#include <filesystem>

TEST_SUITE_BEGIN("verity/hostile_image");

using setting::beside;
using setting::default_policy;
using setting::good;
using setting::Machine;
using setting::strict;
using support::DiskPart;

namespace {

void expect(const std::string &answer, const std::string &part)
{
  CHECK_MESSAGE(answer.find(part) != std::string::npos,
                "\"" << answer << "\" should say \"" << part << "\"");
}

/// An image made of parts of which the test spoils some is refused with these words, and nothing
/// of it is given back.
void refused(const std::vector<DiskPart> &parts,
             const std::string &words,
             const std::string &policy = strict)
{
  Machine machine;
  expect(machine.open_bytes(support::disk_of(parts), policy), words);
  CHECK(machine.parts.empty());
}

std::vector<DiskPart> good_parts()
{
  return support::ddi_parts(good());
}

/// Where the fields of a superblock lie.
constexpr std::size_t version_at = 8;
constexpr std::size_t algorithm_at = 32;
constexpr std::size_t data_block_size_at = 64;
constexpr std::size_t hash_block_size_at = 68;
constexpr std::size_t data_blocks_at = 72;
constexpr std::size_t salt_size_at = 80;

template <typename Number> void put(std::string &bytes, std::size_t at, Number value)
{
  std::memcpy(bytes.data() + at, &value, sizeof value);
}

template <typename Number> std::vector<DiskPart> with_superblock(std::size_t at, Number value)
{
  std::vector<DiskPart> parts = good_parts();
  put(parts[1].content, at, value);
  return parts;
}

std::vector<DiskPart> with_signature(const std::string &partition)
{
  std::vector<DiskPart> parts = good_parts();
  parts[2].content = partition;
  return parts;
}

std::vector<DiskPart> signed_by(const support::Identity &signer)
{
  return with_signature(support::signature_partition(
      good().tree.root, support::sign_pkcs7(signer, verity::hex(good().tree.root))));
}

} // namespace

TEST_CASE("data that is not what was signed is refused, wherever it was changed")
{
  const std::size_t last = good().data.size() - 1;
  for (const std::size_t at : {std::size_t{0}, std::size_t{4096 * 7}, last}) {
    CAPTURE(at);
    std::vector<DiskPart> parts = good_parts();
    parts[0].content[at] = static_cast<char>(parts[0].content[at] ^ 1);
    refused(parts, fmt::format("block {} of the data is not what the root hash", at / 4096));
  }
}

TEST_CASE("a tree that is not what was signed is refused at each of its levels")
{
  const std::size_t blocks = good().tree.bytes.size() / 4096;
  REQUIRE(blocks > 3); // superblock, top, and more than one leaf
  for (const std::size_t block : {std::size_t{1}, std::size_t{2}, blocks - 1}) {
    CAPTURE(block);
    std::vector<DiskPart> parts = good_parts();
    parts[1].content[block * 4096] = static_cast<char>(parts[1].content[block * 4096] ^ 1);
    refused(parts, fmt::format("block {} of the hash tree is not what the root hash", block));
  }
}

TEST_CASE("whole trees that are right in themselves do not stand for others")
{
  const support::ExtensionPieces other =
      support::extension_pieces({{"usr/lib/other", "other"}}, setting::stranger());
  std::vector<DiskPart> parts = good_parts();
  SUBCASE("tree and data of somebody else under the good signature")
  {
    parts[0].content = other.data;
    parts[1].content = other.tree.bytes;
    refused(parts, "is not what the root hash");
  }
  SUBCASE("a salt that was changed")
  {
    put(parts[1].content, 88, char{1});
    refused(parts, "block 1 of the hash tree is not what the root hash");
  }
  SUBCASE("UUIDs that are no root hash, without a signature")
  {
    parts.pop_back();
    parts[0].unique = {};
    refused(parts,
            "root after the UUIDs of the partitions root and root-verity: block 1 of the hash tree",
            default_policy);
  }
  SUBCASE("fewer blocks than were hashed")
  {
    put(parts[1].content, data_blocks_at, std::uint64_t{1});
    refused(parts, "block 0 of the data is not what the root hash");
  }
}

TEST_CASE("a superblock that lies is refused before anything is read by it")
{
  refused(with_superblock(0, std::uint64_t{0}), "there is no superblock of dm-verity");
  refused(with_superblock(version_at, std::uint32_t{2}), "version 2 and hash type 1");
  refused(with_superblock(version_at + 4, std::uint32_t{0}), "version 1 and hash type 0");
  refused(with_superblock(algorithm_at, std::uint32_t{0x35646d}), "made with \"md5\"");
  refused(with_superblock(data_block_size_at, std::uint32_t{0}), "a block size of 0");
  refused(with_superblock(data_block_size_at, std::uint32_t{5000}), "a block size of 5000");
  refused(with_superblock(hash_block_size_at, std::uint32_t{1} << 31U),
          "a block size of 2147483648");
  refused(with_superblock(data_blocks_at, std::uint64_t{0}), "0 data blocks are none or too many");
  refused(with_superblock(data_blocks_at, ~std::uint64_t{0}), "are none or too many");
  refused(with_superblock(data_blocks_at, std::uint64_t{1} << 30U),
          "the tree is about 4398046511104");
  refused(with_superblock(salt_size_at, std::uint16_t{257}), "a salt of 257 bytes is longer than");
  refused(with_superblock(salt_size_at, std::uint16_t{0xffff}), "a salt of 65535 bytes");
}

TEST_CASE("a tree that is cut short is refused")
{
  std::vector<DiskPart> parts = good_parts();
  SUBCASE("by a block")
  {
    parts[1].content.resize(parts[1].content.size() - 4096);
    refused(parts, "the tree needs");
  }
  SUBCASE("in its superblock")
  {
    parts[1].content.resize(64);
    parts[1].content.resize(4096);
    refused(parts, "a block size of 0");
  }
  SUBCASE("to nothing")
  {
    parts[1].content.clear();
    refused(parts, "there is no superblock of dm-verity");
  }
}

TEST_CASE("a data partition that ends too early is refused")
{
  std::vector<DiskPart> parts = good_parts();
  parts[0].content.resize(parts[0].content.size() - 4096);
  refused(parts, "of data, but there are");
}

TEST_CASE("a signature that is not by a trusted key is refused")
{
  refused(signed_by(setting::stranger()), "the signer is none of the 1 in verity.d");
}

TEST_CASE("who signs counts by certificate, not by what the signature brings along or by a name")
{
  // Another authority may give out the same names and numbers.
  const support::Authority impostors("tests");
  const support::Identity impostor = impostors.issue("signer");
  refused(signed_by(impostor), "untrusted");
}

TEST_CASE("a signature over something else is refused")
{
  const std::string root = verity::hex(good().tree.root);
  for (const std::string &text :
       {verity::hex(verity::Sha256{}), root + "\n", std::string("hello"), std::string()}) {
    CAPTURE(text);
    refused(with_signature(support::signature_partition(
                good().tree.root, support::sign_pkcs7(setting::signer(), text))),
            "the signature claims to be made with /etc/verity.d/signer.crt, but it is not one of");
  }
}

TEST_CASE("a good signature of another root hash does not help this one")
{
  const support::ExtensionPieces other =
      support::extension_pieces({{"usr/lib/other", "other"}}, setting::signer());
  refused(with_signature(support::signature_partition(other.tree.root, other.signature)),
          "is not what the root hash");
}

TEST_CASE("a fingerprint that is not the signer's is refused")
{
  const auto with_fingerprint = [](const support::Identity &identity) {
    return with_signature(support::signature_partition(
        good().tree.root, good().signature, support::fingerprint_of(identity)));
  };
  refused(with_fingerprint(setting::stranger()), "the image says that the certificate");
  Machine machine;
  CHECK(machine.open_bytes(support::disk_of(with_fingerprint(setting::signer()))) ==
        "root erofs signed");
}

TEST_CASE("a signature partition that holds no signature is refused with what is wrong in it")
{
  const std::string root = verity::hex(good().tree.root);
  const auto json = [&](const std::string &text, const std::string &words) {
    refused(with_signature(text), "its partition root-verity-sig is no signature: " + words);
  };
  json("", "it is empty");
  json("garbage", "it holds no JSON object");
  json("[1, 2]", "it holds no JSON object");
  json("{\"rootHash\":", "it holds no JSON object");
  json(std::string(100'000, '['), "it holds no JSON object");
  json(R"({"a":)" + std::string(20, '[') + std::string(20, ']') + "}", "it holds no JSON object");
  json("{}", "its field rootHash is no SHA-256");
  json(R"({"rootHash":7})", "its field rootHash is no SHA-256");
  json(R"({"rootHash":"abcd"})", "its field rootHash is no SHA-256");
  json(fmt::format(R"({{"rootHash":"{}"}})", root), "its field signature is no base64");
  json(fmt::format(R"({{"rootHash":"{}","signature":"*"}})", root), "its field signature");
  json(fmt::format(R"({{"rootHash":"{}","signature":"MII=","certificateFingerprint":1}})", root),
       "its field certificateFingerprint");
  json(std::string("{}\0x", 4), "there is something after the NUL at byte 2");
  json(std::string((std::size_t{4} << 20U) + 4096, ' '), "it has 4194305 bytes");
  refused(with_signature(support::signature_partition(good().tree.root, "garbage")),
          "the signature is no PKCS#7 signature in DER form");
  refused(with_signature(support::signature_partition(
              good().tree.root, good().signature.substr(0, good().signature.size() / 2))),
          "the signature is no PKCS#7 signature in DER form");
}

TEST_CASE("an image that is cut at any of its structures is refused")
{
  const std::string image = support::ddi_of(good());
  Machine machine;
  for (const std::size_t length : {std::size_t{1},
                                   std::size_t{512},
                                   std::size_t{1024},
                                   std::size_t{20'000},
                                   std::size_t{1} << 20U,
                                   image.size() / 2}) {
    CAPTURE(length);
    const std::string answer = machine.open_bytes(image.substr(0, length), default_policy);
    CHECK_MESSAGE(answer.find("config: ") == 0, answer);
    CHECK(machine.parts.empty());
  }
  expect(machine.open_bytes("", default_policy), "it is empty");
  expect(machine.open_bytes(image.substr(0, image.size() / 2), default_policy),
         "its partition table is broken");
  // Nothing is lost with the second copy of the table.
  CHECK(machine.open_bytes(image.substr(0, image.size() - 512)) == "root erofs signed");
}

TEST_CASE("a partition table that contradicts itself is refused")
{
  std::string image = support::ddi_of(good());
  const auto spoil_both = [&](std::size_t at) {
    image[512 + at] = static_cast<char>(image[512 + at] ^ 1);
    image[image.size() - 512 + at] = static_cast<char>(image[image.size() - 512 + at] ^ 1);
  };
  Machine machine;
  SUBCASE("its checksum")
  {
    spoil_both(16);
    expect(machine.open_bytes(image), "its header's checksum is");
  }
  SUBCASE("its signature")
  {
    spoil_both(0);
    expect(machine.open_bytes(image), "there is no GPT signature");
  }
}

TEST_CASE("partitions that overlap are refused")
{
  // Rewritten with good checksums by the codec itself, which does not judge what it writes.
  Machine machine;
  std::string image = support::ddi_of(good());
  machine.root.write(setting::image_path, image);
  verity::GptTable table =
      verity::GptDisk(machine.root.dir().file(setting::image_path), "disk").table();
  table.entries[1].first_lba = table.entries[0].last_lba;
  const auto put_bytes = [&](std::uint64_t lba, const std::vector<std::byte> &bytes) {
    std::memcpy(image.data() + lba * 512, bytes.data(), bytes.size());
  };
  put_bytes(table.entries_lba, verity::encode_entries(table));
  put_bytes(table.my_lba, verity::encode_header(table));
  std::memset(image.data() + image.size() - 512, 0, 512);
  expect(machine.open_bytes(image), "partitions 1 and 2 overlap");
}

TEST_CASE("partitions that do not belong together are refused")
{
  const std::vector<DiskPart> parts = good_parts();
  refused({parts[1], parts[2]}, "has a partition root-verity, but no root for it");
  refused({parts[0], parts[2]}, "has a partition root-verity-sig, but no root-verity for it");
  refused({parts[0], {"usr-verity", parts[1].content}, {"usr-verity-sig", parts[2].content}},
          "has a partition usr-verity, but no usr for it");
  std::vector<DiskPart> mixed = parts;
  mixed[0].type = base::native_architecture() == "arm64" ? "root-x86-64" : "root-arm64";
  refused(mixed, "but its root-verity is one of");
}

TEST_CASE("of two roots the one whose label is newer has to be the one that was signed")
{
  std::vector<DiskPart> parts = good_parts();
  parts[0].label = "a_1";
  parts.push_back({"root", support::erofs_of({{"usr/lib/other", "other"}}), {}, "a_2"});
  refused(parts, "the tree is about");
}

TEST_CASE("several generic partitions are refused, since none of them is said to be the root")
{
  refused({{"linux-generic", good().data}, {"linux-generic", good().data}},
          "2 generic Linux partitions",
          "*");
  Machine machine;
  CHECK(machine.open_bytes(support::disk_of({{"linux-generic", good().data}}), "*") ==
        "root erofs unprotected");
  expect(machine.open(), "is unprotected");
}

TEST_CASE("an image that is no image is refused")
{
  Machine machine;
  expect(machine.open_bytes("hello", default_policy), "no file system, or more than one, is found");
  expect(machine.open_bytes(std::string(100'000, '\0'), default_policy), "no file system");
  CHECK(machine.open("root=signed").find("untrusted") == 0);
  machine.root.write("var/lib/extensions/other.raw/", "");
  CHECK_THROWS_AS(verity::open_image(machine.host,
                                     "/var/lib/extensions/other.raw",
                                     verity::ImagePolicy::parse("*")),
                  base::Error);
  CHECK_THROWS_AS(verity::open_image(machine.host, "/nowhere.raw", verity::ImagePolicy::parse("*")),
                  base::Error);
}

TEST_CASE("an encrypted image is refused, whatever the policy says")
{
  std::string luks(1 << 20U, '\0');
  luks.replace(0, 6, "LUKS\xba\xbe");
  Machine machine;
  expect(machine.open_bytes(luks, default_policy), "config: ");
  expect(machine.open(default_policy), "is encrypted (LUKS)");
  expect(machine.open("root=unprotected"), "protected (unprotected), but it is encrypted");
  refused({{"root", luks}}, "is encrypted (LUKS)", default_policy);
  refused({{"root", luks}}, "but it is encrypted", strict);
}

TEST_CASE("files beside the image that are broken are named")
{
  Machine machine;
  machine.root.write(setting::image_path, good().data);
  const std::string name = beside;
  const auto with = [&](const std::string &ending, const std::string &text) {
    machine.root.write(name + ending, text);
    return machine.open(default_policy);
  };
  expect(with(".usrhash", verity::hex(good().tree.root)),
         "hello.usrhash is about a /usr partition");
  expect(with(".roothash", "garbage"), "hello.roothash holds no root hash");
  expect(with(".roothash", ""), "hello.roothash holds no root hash");
  expect(with(".roothash", verity::hex(good().tree.root) + "00"), "hello.roothash holds no root");
  expect(with(".roothash", std::string(1 << 20U, 'a')), "hello.roothash");
  expect(with(".roothash", verity::hex(good().tree.root)),
         "but there is no /var/lib/extensions/hello"
         ".verity");
  expect(with(".verity", "garbage"), "its hash tree cannot be used: there is no superblock");
  expect(with(".verity", good().tree.bytes.substr(0, 4096)), "the tree needs");
  expect(with(".verity", ""), "its hash tree cannot be used: there is no superblock");
  expect(with(".verity", good().tree.bytes), "root erofs verity");
  expect(with(".roothash.p7s", ""), "hello.roothash.p7s is empty");
  expect(with(".roothash.p7s", std::string((1 << 20U) + 1, 'a')), "hello.roothash.p7s");
  expect(with(".roothash.p7s", "garbage"), "root erofs verity");
  expect(machine.open(strict), "the signature is no PKCS#7 signature");
  expect(with(".roothash", std::string(64, '0')), "block 1 of the hash tree is not what");
}

TEST_CASE("what is said beside the image and in it must agree")
{
  Machine machine;
  machine.root.write(setting::image_path, support::ddi_of(good()));
  const std::string name = beside;
  machine.root.write(name + ".verity", good().tree.bytes);
  expect(machine.open(), "it has partitions, and /var/lib/extensions/hello.verity is for images");
  std::filesystem::remove(machine.root.path() + name + ".verity");
  machine.root.write(name + ".roothash", std::string(64, 'a'));
  expect(machine.open(), "no partition root with the UUID aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa");
  machine.root.write(name + ".roothash", verity::hex(good().tree.root));
  CHECK(machine.open() == "root erofs signed");
  std::vector<DiskPart> parts = good_parts();
  parts[2].content = support::signature_partition(verity::Sha256{}, good().signature);
  expect(machine.open_bytes(support::disk_of(parts)),
         "but its partition root-verity-sig says 0000");
}

TEST_CASE("certificates that were masked do not count")
{
  Machine machine;
  machine.root.write(setting::image_path, support::ddi_of(good()));
  const std::string pem = setting::signer().certificate;
  machine.root.write("usr/lib/verity.d/signer.crt", pem);
  CHECK(machine.open() == "root erofs signed");
  machine.root.write("etc/verity.d/signer.crt", "");
  expect(machine.open(), "there is no certificate to check the signature with");
  std::filesystem::remove(machine.root.path() + "/etc/verity.d/signer.crt");
  CHECK(machine.open() == "root erofs signed");
  machine.root.write("etc/verity.d/signer.crt", "-> /dev/null");
  expect(machine.open(), "there is no certificate to check the signature with");
  machine.root.write("run/verity.d/other.crt", "garbage");
  expect(machine.open(), "/run/verity.d/other.crt holds no certificate in PEM form");
  machine.root.write("run/verity.d/third.crt", pem);
  CHECK(machine.open() == "root erofs signed");
  CHECK(machine.parts.front().signer == "/run/verity.d/third.crt");
}

TEST_CASE("what is no certificate in verity.d keeps nobody from using the others")
{
  Machine machine;
  machine.root.write(setting::image_path, support::ddi_of(good()));
  machine.root.write("etc/verity.d/a-directory.crt/", "");
  machine.root.write("etc/verity.d/huge.crt", std::string((1 << 20U) + 1, 'a'));
  CHECK(machine.open() == "root erofs signed");
  std::filesystem::remove(machine.root.path() + "/etc/verity.d/signer.crt");
  expect(machine.open(), "/etc/verity.d/huge.crt holds no certificate in PEM form");
}

TEST_CASE("a signature by several keys needs all of them")
{
  const std::string both =
      support::sign_pkcs7({setting::signer(), setting::stranger()}, verity::hex(good().tree.root));
  const auto parts = with_signature(support::signature_partition(good().tree.root, both));
  refused(parts, "the signature claims to be made with");
  Machine machine;
  machine.root.write("etc/verity.d/stranger.crt", setting::stranger().certificate);
  CHECK(machine.open_bytes(support::disk_of(parts)) == "root erofs signed");
}
