// SPDX-License-Identifier: Apache-2.0
#include "support/extension_image.hpp"

#include "base/program.hpp"
#include "base/specifier.hpp"
#include "support/gpt_image.hpp"
#include "support/temp_root.hpp"
#include "verity/hash_tree.hpp"
#include "verity/partition_type.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <algorithm>
#include <cstring>

namespace support {

namespace {

std::string run(std::vector<std::string> argv)
{
  const base::Finished done = base::ProcessRunner().run({.argv = std::move(argv)});
  REQUIRE_MESSAGE(done.status == 0, done.errors);
  return done.output;
}

void write_all(const TempRoot &root, const ImageFiles &files)
{
  root.write("tree/", "");
  for (const auto &[path, text] : files)
    root.write("tree/" + path, text);
}

std::string base64_of(const std::string &bytes)
{
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0'); // OpenSSL ends it with a NUL
  const int length = EVP_EncodeBlock(reinterpret_cast<unsigned char *>(text.data()),
                                     reinterpret_cast<const unsigned char *>(bytes.data()),
                                     static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(length));
  return text;
}

constexpr std::uint64_t alignment = 1024 * 1024;

std::uint64_t rounded_up(std::uint64_t value, std::uint64_t unit)
{
  return (value + unit - 1) / unit * unit;
}

base::Uuid any_uuid(unsigned number)
{
  return base::Uuid::parse(fmt::format("e41e0510-0000-4000-8000-{:012x}", number)).value();
}

verity::GptTable
table_of(const std::vector<DiskPart> &parts, unsigned sector_size, std::uint64_t sectors)
{
  verity::GptTable table =
      gpt_table({.sector_size = sector_size, .sectors = sectors, .first_usable = 64, .used = {}});
  std::uint64_t next = alignment;
  unsigned number = 0;
  for (const DiskPart &part : parts) {
    const auto type = verity::find_partition_type(part.type, base::native_architecture());
    REQUIRE_MESSAGE(type, "there should be a partition type " << part.type);
    verity::GptEntry &entry = table.entry(++number);
    entry.type = type->uuid;
    entry.unique = part.unique.is_zero() ? any_uuid(number) : part.unique;
    entry.label = part.label;
    entry.attributes = part.attributes;
    const std::uint64_t length = rounded_up(std::max<std::size_t>(1, part.content.size()), 4096);
    entry.first_lba = next / sector_size;
    entry.last_lba = (next + length) / sector_size - 1;
    next = rounded_up(next + length, alignment);
  }
  return table;
}

} // namespace

std::string erofs_of(const ImageFiles &files)
{
  const TempRoot root;
  write_all(root, files);
  (void)run({"mkfs.erofs", "-T0", "--all-root", root.path() + "/image", root.path() + "/tree"});
  return root.read("image");
}

std::string squashfs_of(const ImageFiles &files)
{
  const TempRoot root;
  write_all(root, files);
  (void)run({"mksquashfs", root.path() + "/tree", root.path() + "/image", "-all-root", "-quiet"});
  return root.read("image");
}

HashTree tree_of(const std::string &data, const TreeOptions &options)
{
  const TempRoot root;
  root.write("data", data);
  const std::string output = run({"veritysetup",
                                  "format",
                                  "--uuid=00000000-0000-4000-8000-000000000001",
                                  "--salt=" + options.salt,
                                  fmt::format("--data-block-size={}", options.data_block),
                                  fmt::format("--hash-block-size={}", options.hash_block),
                                  root.path() + "/data",
                                  root.path() + "/tree"});
  const std::string before = "Root hash:";
  const std::size_t digits = output.find_first_not_of(" \t", output.find(before) + before.size());
  return {root.read("tree"), verity::parse_sha256(output.substr(digits, 64)).value()};
}

std::string sign_pkcs7(const Identity &signer, const std::string &text)
{
  return sign_pkcs7(std::vector{signer}, text);
}

std::string sign_pkcs7(const std::vector<Identity> &signers, const std::string &text)
{
  const TempRoot root({{"text", text}});
  std::vector<std::string> argv = {
      "openssl", "smime", "-sign", "-binary", "-noattr", "-nocerts", "-outform", "der"};
  for (std::size_t index = 0; index < signers.size(); ++index) {
    const std::string name = fmt::format("signer-{}", index);
    root.write(name, signers[index].certificate + signers[index].key);
    argv.insert(argv.end(), {"-signer", root.path() + "/" + name});
  }
  argv.insert(argv.end(), {"-in", root.path() + "/text", "-out", root.path() + "/signature"});
  (void)run(std::move(argv));
  return root.read("signature");
}

verity::Sha256 fingerprint_of(const Identity &signer)
{
  const base::Unique<BIO, BIO_free_all> text(
      BIO_new_mem_buf(signer.certificate.data(), static_cast<int>(signer.certificate.size())));
  const base::Unique<X509, X509_free> certificate(
      PEM_read_bio_X509(text.get(), nullptr, nullptr, nullptr));
  verity::Sha256 result{};
  REQUIRE(certificate);
  REQUIRE(X509_digest(certificate.get(),
                      EVP_sha256(),
                      reinterpret_cast<unsigned char *>(result.data()),
                      nullptr) == 1);
  return result;
}

std::string signature_partition(const verity::Sha256 &root,
                                const std::string &signature,
                                const std::optional<verity::Sha256> &fingerprint)
{
  std::string text =
      fmt::format(R"({{"rootHash":"{}","signature":"{}")", verity::hex(root), base64_of(signature));
  if (fingerprint)
    text += fmt::format(R"(,"certificateFingerprint":"{}")", verity::hex(*fingerprint));
  text += "}";
  text.resize(rounded_up(text.size(), 4096));
  return text;
}

ExtensionPieces extension_pieces(const ImageFiles &files, const Identity &signer)
{
  ExtensionPieces pieces{.data = erofs_of(files)};
  pieces.tree = tree_of(pieces.data);
  pieces.signature = sign_pkcs7(signer, verity::hex(pieces.tree.root));
  return pieces;
}

std::vector<DiskPart> ddi_parts(const ExtensionPieces &pieces, const std::string &designator)
{
  return {
      {designator, pieces.data, verity::data_partition_uuid(pieces.tree.root)},
      {designator + "-verity", pieces.tree.bytes, verity::tree_partition_uuid(pieces.tree.root)},
      {designator + "-verity-sig", signature_partition(pieces.tree.root, pieces.signature)}};
}

std::string disk_of(const std::vector<DiskPart> &parts, unsigned sector_size)
{
  std::uint64_t bytes = 2 * alignment;
  for (const DiskPart &part : parts)
    bytes += rounded_up(std::max<std::size_t>(1, part.content.size()), alignment);
  const verity::GptTable table = table_of(parts, sector_size, bytes / sector_size);
  const std::vector<std::byte> disk = disk_with(table);
  std::string image(reinterpret_cast<const char *>(disk.data()), disk.size());
  for (std::size_t index = 0; index < parts.size(); ++index)
    image.replace(
        table.offset_of(table.entries[index]), parts[index].content.size(), parts[index].content);
  return image;
}

std::string ddi_of(const ExtensionPieces &pieces)
{
  return disk_of(ddi_parts(pieces));
}

} // namespace support
