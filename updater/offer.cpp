// SPDX-License-Identifier: Apache-2.0
#include "updater/offer.hpp"

#include "base/error.hpp"
#include "updater/directory.hpp"
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

/// A time that is surely past: when the system itself was put together.
std::optional<std::chrono::sys_seconds> system_build_time(const base::Host &host)
{
  const auto status = host.root.target_status("/usr/lib/os-release");
  if (!status)
    return std::nullopt;
  return std::chrono::sys_seconds(std::chrono::seconds(status->st_mtim.tv_sec));
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
