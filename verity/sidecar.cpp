// SPDX-License-Identifier: Apache-2.0
#include "verity/sidecar.hpp"

#include "base/error.hpp"
#include "verity/pkcs7.hpp"

#include <sys/xattr.h>

#include <array>
#include <string_view>
#include <utility>

namespace verity {

namespace {

using base::Kind;

constexpr std::size_t hash_file_limit = 4096;

/// Without the white space around it, and of several lines the first.
std::string_view first_line(std::string_view text)
{
  text = text.substr(0, text.find('\n'));
  constexpr std::string_view space = " \t\r";
  const std::size_t begin = text.find_first_not_of(space);
  if (begin == std::string_view::npos)
    return {};
  return text.substr(begin, text.find_last_not_of(space) + 1 - begin);
}

KnownRootHash
known_root_hash(const std::string &designator, std::string_view text, std::string source)
{
  const auto root_hash = parse_sha256(first_line(text));
  if (!root_hash)
    base::fail(
        Kind::config, "{} holds no root hash, which is a SHA-256 of 64 hexadecimal digits", source);
  return {designator, *root_hash, std::move(source)};
}

std::optional<std::string> attribute_of(const base::Fd &image, const std::string &attribute)
{
  std::array<char, hash_file_limit> value{};
  const ssize_t length = ::fgetxattr(image.number(), attribute.c_str(), value.data(), value.size());
  if (length >= 0)
    return std::string(value.data(), static_cast<std::size_t>(length));
  if (errno == ENODATA || errno == EOPNOTSUPP)
    return std::nullopt;
  base::fail_errno("cannot read the attribute {} of the image", attribute);
}

std::optional<KnownRootHash> read_root_hash(const base::Dir &root,
                                            const Sidecar &sidecar,
                                            const base::Fd &image,
                                            const std::string &designator)
{
  const std::string word = designator == "root" ? "roothash" : "usrhash";
  const std::string attribute = "user.verity." + word;
  if (const auto text = attribute_of(image, attribute))
    return known_root_hash(designator, *text, fmt::format("the image's attribute {}", attribute));
  const std::string path = fmt::format("{}.{}", sidecar.name, word);
  if (const auto text = root.text(path, hash_file_limit))
    return known_root_hash(designator, *text, path);
  return std::nullopt;
}

} // namespace

std::string sidecar_name(const std::string &image_path)
{
  constexpr std::string_view ending = ".raw";
  return image_path.ends_with(ending) ? image_path.substr(0, image_path.size() - ending.size())
                                      : image_path;
}

Sidecar read_sidecar(const base::Dir &root, const std::string &image_path, const base::Fd &image)
{
  Sidecar sidecar{.name = sidecar_name(image_path)};
  sidecar.root_hash = read_root_hash(root, sidecar, image, "root");
  if (!sidecar.root_hash)
    sidecar.root_hash = read_root_hash(root, sidecar, image, "usr");
  if (sidecar.root_hash) {
    const std::string path =
        fmt::format("{}.{}hash.p7s", sidecar.name, sidecar.root_hash->designator);
    if (auto signature = root.text(path, pkcs7_limit)) {
      if (signature->empty())
        base::fail(Kind::config, "{} is empty; put the signature there, or remove it", path);
      sidecar.signature = std::move(*signature);
    }
  }
  if (auto tree = root.find_file(sidecar.name + ".verity"))
    sidecar.tree = std::move(*tree);
  return sidecar;
}

} // namespace verity
