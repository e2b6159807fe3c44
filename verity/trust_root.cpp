// SPDX-License-Identifier: Apache-2.0
#include "verity/trust_root.hpp"

#include "base/error.hpp"
#include "verity/release_manifest.hpp"
#include "verity/strict_json.hpp"

#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <set>
#include <span>

namespace verity {

namespace {

using nlohmann::json;

constexpr std::uint64_t spec = 1;
constexpr int depth_limit = 4;
constexpr std::size_t most_keys = 32;
constexpr std::size_t lines_of_a_signature = 4;

MinisignKey take_key(const JsonPlace &place)
{
  const auto is_key = [](std::string_view text) { return parse_minisign_key(text).has_value(); };
  return *parse_minisign_key(
      place.text(is_key, "a public key of minisign: the second line of its file"));
}

KeySet take_keys(const JsonPlace &place)
{
  KeySet set;
  const JsonPlace keys = place.at("keys");
  const std::size_t size = keys.array_size(most_keys);
  if (size == 0)
    keys.refuse("at least one key");
  for (std::size_t index = 0; index < size; ++index) {
    const JsonPlace item = keys.item(index);
    const MinisignKey key = take_key(item);
    // By either half: one key under two numbers would count twice, and of two keys by one number
    // the signatures could not be told apart.
    if (std::any_of(set.keys.begin(), set.keys.end(), [&](const MinisignKey &other) {
          return other.key == key.key || other.id == key.id;
        }))
      item.refuse("no key that is there already");
    set.keys.push_back(key);
  }
  set.threshold = place.at("threshold").number(1, size);
  return set;
}

std::string take_repository(const JsonPlace &place)
{
  return place.text(is_manifest_name,
                    "a name of letters, digits and -._+~^@:, not beginning with a dot");
}

std::chrono::sys_seconds take_time(const JsonPlace &place)
{
  const auto is_time = [](std::string_view text) { return parse_time(text).has_value(); };
  return *parse_time(place.text(is_time, "a time such as \"2026-11-26T15:00:00Z\""));
}

json json_of(const KeySet &set)
{
  json keys = json::array();
  for (const MinisignKey &key : set.keys)
    keys.push_back(encoded(key));
  return {{"keys", keys}, {"threshold", set.threshold}};
}

/// The texts of the signatures in a file of several.
std::vector<std::string_view> signatures_in(std::string_view text)
{
  std::vector<std::string_view> found;
  while (!text.empty() && found.size() < 2 * most_keys) {
    std::size_t end = 0;
    for (std::size_t line = 0; line < lines_of_a_signature && end < text.size(); ++line)
      end = std::min(text.find('\n', end), text.size() - 1) + 1;
    found.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return found;
}

const MinisignKey *find_key(const KeySet &keys, const MinisignKeyId &id)
{
  const auto found = std::find_if(
      keys.keys.begin(), keys.keys.end(), [&](const MinisignKey &key) { return key.id == id; });
  return found == keys.keys.end() ? nullptr : &*found;
}

std::string ids_of(const KeySet &keys)
{
  std::vector<std::string> ids;
  for (const MinisignKey &key : keys.keys)
    ids.push_back(text_of(key.id));
  return fmt::format("{}", fmt::join(ids, ", "));
}

/// What became of the signatures of a content.
struct Counted {
  std::set<MinisignKeyId> good;
  std::vector<std::string> strangers;
  std::string refusal; ///< of the first that is wrong
};

Counted count(std::string_view content, std::string_view signatures, const KeySet &keys)
{
  Counted counted;
  const MinisignDigest digest = minisign_digest(std::as_bytes(std::span(content)));
  for (const std::string_view text : signatures_in(signatures)) {
    const MinisignReading reading = parse_minisign(text);
    const MinisignKey *key = reading.signature ? find_key(keys, reading.signature->id) : nullptr;
    std::optional<std::string> why;
    if (!reading.signature)
      why = reading.refusal;
    else if (key == nullptr)
      counted.strangers.push_back(text_of(reading.signature->id));
    else if (!(why = refusal_of(*reading.signature, *key, digest)))
      counted.good.insert(key->id);
    if (why && counted.refusal.empty())
      counted.refusal = *why;
  }
  return counted;
}

} // namespace

TrustRoot parse_trust_root(std::string_view text, const std::string &file)
{
  const json document = parse_strict_json(text, file, {trust_root_limit, depth_limit});
  const JsonPlace place(document, file);
  if (place.at("spec").number(1, largest_number) != spec)
    place.at("spec").refuse("1, which is what this version of strake understands");
  TrustRoot root{.repository = take_repository(place.at("repository")),
                 .version = place.at("version").number(1, largest_number),
                 .issued = take_time(place.at("issued")),
                 .expires = take_time(place.at("expires")),
                 .root = take_keys(place.at("root")),
                 .release = take_keys(place.at("release"))};
  if (root.expires <= root.issued)
    place.at("expires").refuse("a time after that of \"issued\"");
  return root;
}

std::string text_of(const TrustRoot &root)
{
  const json object = {{"spec", spec},
                       {"repository", root.repository},
                       {"version", root.version},
                       {"issued", text_of(root.issued)},
                       {"expires", text_of(root.expires)},
                       {"root", json_of(root.root)},
                       {"release", json_of(root.release)}};
  std::string text = object.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
  (void)parse_trust_root(text, "the new root"); // never sign what no client takes
  return text;
}

std::optional<std::string>
refusal_of(std::string_view content, std::string_view signatures, const KeySet &keys)
{
  if (signatures.size() > signatures_limit)
    return fmt::format("endless data: the signatures have {} bytes", signatures.size());
  const Counted counted = count(content, signatures, keys);
  if (counted.good.size() >= keys.threshold)
    return std::nullopt;
  if (!counted.refusal.empty())
    return fmt::format("changed content: a signature {}", counted.refusal);
  if (counted.good.empty() && !counted.strangers.empty())
    return fmt::format("unknown signer: it is signed by {}, and trusted is {}",
                       fmt::join(counted.strangers, ", "),
                       ids_of(keys));
  if (counted.good.empty())
    return "no signature: nobody signed it";
  return fmt::format("threshold: {} of the keys {} signed it, and {} have to",
                     counted.good.size(),
                     ids_of(keys),
                     keys.threshold);
}

std::optional<MinisignKey>
first_signer(std::string_view content, std::string_view signatures, const KeySet &keys)
{
  const MinisignDigest digest = minisign_digest(std::as_bytes(std::span(content)));
  for (const std::string_view text : signatures_in(signatures)) {
    const MinisignReading reading = parse_minisign(text);
    const MinisignKey *key = reading.signature ? find_key(keys, reading.signature->id) : nullptr;
    if (key != nullptr && !refusal_of(*reading.signature, *key, digest))
      return *key;
  }
  return std::nullopt;
}

TrustRoot follow_root(const TrustRoot &present, std::string_view text, std::string_view signatures)
{
  const std::string file = fmt::format("{}.root.json", present.version + 1);
  // Whom the new keys are is only known from the text, so first of all the old ones have to vouch.
  if (const auto why = refusal_of(text, signatures, present.root))
    base::fail(base::Kind::untrusted, "{}: {}", file, *why);
  TrustRoot next = parse_trust_root(text, file);
  if (const auto why = refusal_of(text, signatures, next.root))
    base::fail(base::Kind::untrusted, "{}: its own new keys: {}", file, *why);
  if (next.version != present.version + 1)
    base::fail(base::Kind::untrusted,
               "{}: rollback: it says that it is version {}, and {} has to follow on {}",
               file,
               next.version,
               present.version + 1,
               present.version);
  if (next.repository != present.repository)
    base::fail(base::Kind::untrusted,
               "{}: wrong repository: it is of {}, and not of {}",
               file,
               next.repository,
               present.repository);
  return next;
}

} // namespace verity
