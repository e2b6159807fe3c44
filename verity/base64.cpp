// SPDX-License-Identifier: Apache-2.0
#include "verity/base64.hpp"

#include <openssl/evp.h>

namespace verity {

namespace {

std::optional<unsigned> base64_value(char character)
{
  constexpr std::string_view alphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const std::size_t found = alphabet.find(character);
  if (found == std::string_view::npos)
    return std::nullopt;
  return static_cast<unsigned>(found);
}

} // namespace

std::optional<std::string> decode_base64(std::string_view text)
{
  std::size_t padding = 0;
  for (; padding < 2 && text.ends_with('='); ++padding)
    text.remove_suffix(1);
  if ((text.size() + padding) % 4 != 0)
    return std::nullopt;
  std::string result;
  unsigned bits = 0;
  unsigned count = 0;
  for (const char character : text) {
    const auto value = base64_value(character);
    if (!value)
      return std::nullopt;
    bits = (bits << 6U | *value) & 0xffffU;
    count += 6;
    if (count >= 8) {
      count -= 8;
      result.push_back(static_cast<char>(bits >> count & 0xffU));
    }
  }
  return result;
}

std::string encode_base64(std::string_view bytes)
{
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0'); // OpenSSL ends it with a NUL
  const int length = EVP_EncodeBlock(reinterpret_cast<unsigned char *>(text.data()),
                                     reinterpret_cast<const unsigned char *>(bytes.data()),
                                     static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(length));
  return text;
}

} // namespace verity
