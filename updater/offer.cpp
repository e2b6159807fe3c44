// SPDX-License-Identifier: Apache-2.0
#include "updater/offer.hpp"

#include "base/error.hpp"
#include "base/specifier.hpp"
#include "updater/directory.hpp"
#include "updater/release_terms.hpp"
#include "updater/seen.hpp"

namespace updater {

namespace {

std::string join_url(std::string base, const std::string &name)
{
  while (base.ends_with('/'))
    base.pop_back();
  return base + "/" + name;
}

/// One source may serve several transfers, each with versions of its own.
std::string source_key(const Transfer &transfer)
{
  std::string key = transfer.source.path;
  for (const Pattern &pattern : transfer.source.patterns)
    key += " " + pattern.text();
  return key;
}

Instance offered(const Transfer &transfer, const ManifestEntry &entry, Metadata metadata)
{
  if (metadata.sha256 && *metadata.sha256 != entry.sha256)
    base::fail(base::Kind::untrusted,
               "{}: the name {} holds another SHA-256 than its line in the manifest",
               transfer.source.path,
               entry.name);
  metadata.sha256 = entry.sha256;
  Instance instance;
  instance.metadata = std::move(metadata);
  instance.name = entry.name;
  instance.path = join_url(transfer.source.path, entry.name);
  instance.urls = {instance.path};
  return instance;
}

/// The instance that an artifact is for this transfer; nothing if it is another one's.
std::optional<Instance> instance_of(const Transfer &transfer,
                                    const std::string &url,
                                    const verity::Release &release,
                                    const verity::Artifact &artifact)
{
  const bool is_meant = artifact.transfer.empty() || artifact.transfer == transfer.id;
  const bool is_ours =
      artifact.architecture.empty() || artifact.architecture == base::native_architecture();
  for (const Pattern &pattern : transfer.source.patterns) {
    auto metadata = pattern.match(artifact.name);
    if (!metadata || !is_meant || !is_ours)
      continue;
    if (metadata->version != release.version)
      base::fail(base::Kind::untrusted,
                 "{}: mix and match: {} belongs to version {}, and says that it is {}",
                 url,
                 artifact.name,
                 release.version,
                 metadata->version);
    Instance instance = offered(transfer, {artifact.name, artifact.sha256}, std::move(*metadata));
    instance.path = join_url(url, artifact.name);
    instance.urls = {instance.path};
    instance.packed_size = artifact.size;
    if (artifact.raw_size)
      instance.metadata.size = artifact.raw_size;
    return instance;
  }
  return std::nullopt;
}

std::optional<Instance>
instance_of(const Transfer &transfer, const std::string &url, const verity::Release &release)
{
  for (const verity::Artifact &artifact : release.artifacts)
    if (auto instance = instance_of(transfer, url, release, artifact))
      return instance;
  return std::nullopt;
}

/// What speaks against a release now, or later comes by itself.
Terms terms_for(const verity::Release &release,
                const FetchedReleases &fetched,
                const Recipient &recipient,
                const std::string &installed,
                Turn turn)
{
  Terms terms{release.version, "", std::nullopt};
  if (const auto why = hindrance(release, fetched.manifest.releases, recipient, installed)) {
    terms.why = *why;
    return terms;
  }
  const auto begins = turn_of(release, recipient);
  if (begins && *begins > recipient.now)
    terms.turn = begins;
  if (turn == Turn::awaited && (!begins || terms.turn))
    terms.why = begins ? fmt::format("its turn on this machine begins {}", verity::text_of(*begins))
                       : "no wave of it comes to this machine";
  return terms;
}

} // namespace

Offers::Offers(const base::Host &host, const Scope &scope) : host_(host), scope_(scope)
{
}

const FetchedManifest &Offers::manifest(const std::string &url, Verify verify)
{
  const auto key = std::make_pair(url, verify);
  if (const auto found = manifests_.find(key); found != manifests_.end())
    return found->second;
  if (verify == Verify::no)
    host_.say(base::Level::warning,
              "{}: not checking who made the manifest, because verification is switched off; "
              "whoever answers at that address decides what is installed",
              url);
  ManifestTrust trust;
  trust.verify = verify;
  trust.clock_floor = system_build_time(host_);
  if (host_.variable("SYSTEMD_SYSUPDATE_VERIFY_FRESHNESS") == "0")
    trust.freshness = Freshness::ignored;
  return manifests_.emplace(key, fetch_manifest(host_, {url}, trust)).first->second;
}

std::vector<Instance> Offers::of(const Transfer &transfer)
{
  const bool verify = scope_.verify.value_or(transfer.verify.value_or(true));
  const FetchedManifest &fetched =
      manifest(transfer.source.path, verify ? Verify::yes : Verify::no);
  std::vector<Instance> instances;
  for (const ManifestEntry &entry : fetched.manifest.entries)
    for (const Pattern &pattern : transfer.source.patterns)
      if (auto metadata = pattern.match(entry.name)) {
        instances.push_back(offered(transfer, entry, std::move(*metadata)));
        break;
      }
  sort_newest_first(instances);
  if (verify) // who may say anything may also say that it is the newest
    compare_with_seen(transfer, instances, fetched);
  return instances;
}

const FetchedReleases &Offers::releases(const Source &source)
{
  const ReleaseSource key{source.path, source.trust, source.channel};
  if (const auto found = releases_.find(key); found != releases_.end())
    return found->second;
  return releases_.emplace(key, fetch_releases(host_, key, scope_.remember)).first->second;
}

void Offers::add_releases(Holding &holding)
{
  const FetchedReleases &fetched = releases(holding.transfer.source);
  Recipient recipient = read_recipient(host_, fetched.now);
  if (scope_.os_release)
    recipient.os_release = *scope_.os_release;
  const std::string installed =
      holding.installed.empty() ? "" : holding.installed.front().metadata.version;
  for (const verity::Release &release : fetched.manifest.releases) {
    auto instance = instance_of(holding.transfer, fetched.url, release);
    if (!instance)
      continue;
    Terms terms = terms_for(release, fetched, recipient, installed, scope_.turn);
    if (terms.why.empty())
      holding.available.push_back(std::move(*instance));
    if (!terms.why.empty() || terms.turn)
      holding.terms.push_back(std::move(terms));
  }
  sort_newest_first(holding.available);
}

void Offers::compare_with_seen(const Transfer &transfer,
                               const std::vector<Instance> &instances,
                               const FetchedManifest &fetched)
{
  Offer offer;
  offer.signed_at = fetched.signed_at;
  for (const Instance &instance : instances)
    offer.files.push_back(
        {instance.metadata.version, instance.name, instance.metadata.sha256.value()});
  const std::string source = source_key(transfer);
  const OfferVerdict verdict = judge_offer(read_seen(host_, source), offer);
  if (!verdict.accepted)
    base::fail(
        base::Kind::stale,
        "{}: {}; if its publisher means that, a manifest that is signed anew is accepted, and "
        "any after removing {}",
        transfer.source.path,
        verdict.why,
        seen_path(host_, source));
  for (const std::string &notice : verdict.notices)
    host_.say(base::Level::notice, "{}: {}", transfer.source.path, notice);
  if (scope_.remember == Remember::yes)
    remember_seen(host_, source, mark_of(offer));
}

} // namespace updater
