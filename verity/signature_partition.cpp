// SPDX-License-Identifier: Apache-2.0
#include "verity/signature_partition.hpp"

#include "verity/base64.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <utility>

namespace verity {

namespace {

using nlohmann::json;

SignatureReading refuse(std::string refusal)
{
  return {std::nullopt, std::move(refusal)};
}

/// A text field of the object; nothing if it has none by that name.
std::optional<std::string> text_field(const json &object, const char *name)
{
  const auto found = object.find(name);
  if (found == object.end() || !found->is_string())
    return std::nullopt;
  return found->get<std::string>();
}

/// Nothing where it is no JSON, or nested deeper than such an object has reason to be: what a
/// hostile image may cost is bounded before it is read.
std::optional<json> parse_json(std::string_view text)
{
  constexpr int depth_limit = 8;
  bool is_deep = false;
  json value = json::parse(
      text,
      [&](int depth, json::parse_event_t /*event*/, json & /*parsed*/) {
        is_deep = is_deep || depth > depth_limit;
        return !is_deep;
      },
      false);
  if (is_deep || value.is_discarded())
    return std::nullopt;
  return value;
}

} // namespace

SignatureReading parse_signature_partition(std::string_view bytes)
{
  if (bytes.size() > signature_partition_limit)
    return refuse(fmt::format("it has {} bytes, and no signature needs more than {}",
                              bytes.size(),
                              signature_partition_limit));
  const std::string_view text = bytes.substr(0, bytes.find('\0'));
  if (bytes.find_first_not_of('\0', text.size()) != std::string_view::npos)
    return refuse(fmt::format("there is something after the NUL at byte {}", text.size()));
  if (text.empty())
    return refuse("it is empty");
  const auto object = parse_json(text);
  if (!object || !object->is_object())
    return refuse("it holds no JSON object");

  const auto hash_text = text_field(*object, "rootHash");
  const auto root_hash = hash_text ? parse_sha256(*hash_text) : std::nullopt;
  if (!root_hash)
    return refuse("its field rootHash is no SHA-256 of 64 hexadecimal digits");
  const auto signature_text = text_field(*object, "signature");
  auto signature = signature_text ? decode_base64(*signature_text) : std::nullopt;
  if (!signature || signature->empty())
    return refuse("its field signature is no base64 text");
  RootHashSignature result{*root_hash, std::move(*signature)};
  if (object->contains("certificateFingerprint")) {
    const auto fingerprint = text_field(*object, "certificateFingerprint");
    result.certificate = fingerprint ? parse_sha256(*fingerprint) : std::nullopt;
    if (!result.certificate)
      return refuse("its field certificateFingerprint is no SHA-256 of 64 hexadecimal digits");
  }
  return {std::move(result), {}};
}

std::string encode_signature_partition(const RootHashSignature &signature)
{
  constexpr std::size_t block = 4096;
  nlohmann::ordered_json object = {{"rootHash", hex(signature.root_hash)}};
  if (signature.certificate)
    object["certificateFingerprint"] = hex(*signature.certificate);
  object["signature"] = encode_base64(signature.signature);
  std::string bytes = object.dump();
  bytes.resize((bytes.size() + block - 1) / block * block);
  return bytes;
}

} // namespace verity
