// SPDX-License-Identifier: Apache-2.0
#include "verity/manifest_trust.hpp"

#include "base/error.hpp"
#include "base/version.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <span>

namespace verity {

namespace {

using base::Kind;
using nlohmann::json;

constexpr int format = 1;

template <typename... Args>
[[noreturn]] void refuse(fmt::format_string<const Args &...> text, const Args &...args)
{
  base::fail(Kind::untrusted, "{}", fmt::format(text, args...));
}

/// Is it what was asked for?
void check_identity(const ReleaseManifest &manifest,
                    const ManifestClaim &claim,
                    const std::optional<TrustMarks> &marks)
{
  const std::string &wanted =
      !claim.repository.empty() || !marks ? claim.repository : marks->repository;
  if (!wanted.empty() && manifest.repository != wanted)
    refuse("wrong repository: this is {}, and not {}", manifest.repository, wanted);
  if (!claim.channel.empty() && manifest.channel != claim.channel)
    refuse("wrong channel: this is {}, and not {}", manifest.channel, claim.channel);
  if (!manifest.product.empty() && manifest.product != claim.product)
    refuse("wrong product: this is for {}, and this machine is {}",
           manifest.product,
           claim.product.empty() ? "none that has a name" : claim.product);
  if (manifest.keys > claim.root)
    refuse(
        "withheld root: it goes by version {} of the root, and the newest that is to be had is {}",
        manifest.keys,
        claim.root);
  if (!manifest.min_client.empty() && base::compare_versions(claim.client, manifest.min_client) < 0)
    base::fail(Kind::config,
               "it needs strake {} or newer, and this is {}; update strake first",
               manifest.min_client,
               claim.client);
}

/// Is it no older than what was seen? A new root begins anew: whoever had an old key may have
/// driven the numbers up.
void check_marks(const ReleaseManifest &manifest, const TrustMarks &now, const TrustMarks &marks)
{
  if (now.root > marks.root)
    return;
  if (now.root < marks.root)
    refuse("rollback: it was trusted by version {} of the root, and this is version {}",
           marks.root,
           now.root);
  if (manifest.sequence < marks.sequence)
    refuse("rollback: this is number {}, and number {} was seen before",
           manifest.sequence,
           marks.sequence);
  if (manifest.sequence == marks.sequence && now.manifest != marks.manifest)
    refuse("mix and match: there are two manifests of number {}", manifest.sequence);
  if (manifest.issued < marks.issued)
    refuse("rollback: it was issued {}, and one issued {} was seen before",
           text_of(manifest.issued),
           text_of(marks.issued));
}

/// The clock of a machine may have stopped; a time that was signed is surely past.
void check_expiry(const ReleaseManifest &manifest,
                  const ManifestClaim &claim,
                  const std::optional<TrustMarks> &marks)
{
  const auto now = std::max(claim.now, marks ? marks->issued : claim.now);
  if (now >= manifest.expires)
    base::fail(
        Kind::stale,
        "freeze: it was good until {}, and now is {}; the publisher has to sign a new one, or "
        "somebody keeps it from this machine",
        text_of(manifest.expires),
        text_of(now));
}

std::optional<TrustMarks> from_json(const json &document)
{
  const auto text = [&](const char *key) { return document.at(key).get<std::string>(); };
  const auto digest = parse_sha256(text("manifest"));
  const auto issued = parse_time(text("issued"));
  if (document.at("format") != format || !digest || !issued)
    return std::nullopt;
  return TrustMarks{.repository = text("repository"),
                    .root = document.at("root").get<std::uint64_t>(),
                    .sequence = document.at("sequence").get<std::uint64_t>(),
                    .manifest = *digest,
                    .issued = *issued};
}

} // namespace

TrustedManifest judge_manifest(std::string_view text,
                               std::string_view signatures,
                               const ManifestClaim &claim,
                               const std::optional<TrustMarks> &marks)
{
  if (text.size() > release_manifest_limit)
    refuse("endless data: it has {} bytes", text.size());
  if (const auto why = refusal_of(text, signatures, claim.keys))
    refuse("{}", *why);
  ReleaseManifest manifest = parse_release_manifest(text, "manifest.json");
  const TrustMarks now{.repository = manifest.repository,
                       .root = claim.root,
                       .sequence = manifest.sequence,
                       .manifest = digest_of(std::as_bytes(std::span(text))),
                       .issued = manifest.issued};
  check_identity(manifest, claim, marks);
  if (marks)
    check_marks(manifest, now, *marks);
  check_expiry(manifest, claim, marks);
  return {std::move(manifest), now};
}

std::string text_of(const TrustMarks &marks)
{
  const json document = {{"format", format},
                         {"repository", marks.repository},
                         {"root", marks.root},
                         {"sequence", marks.sequence},
                         {"manifest", hex(marks.manifest)},
                         {"issued", text_of(marks.issued)}};
  return document.dump(2) + "\n";
}

std::optional<TrustMarks> parse_marks(std::string_view text)
{
  try {
    return from_json(json::parse(text));
  } catch (const json::exception &) {
    return std::nullopt;
  }
}

} // namespace verity
