// SPDX-License-Identifier: Apache-2.0
#include "handoff/extension_install.hpp"

#include "base/error.hpp"
#include "base/specifier.hpp"
#include "base/version.hpp"
#include "overlay/extension_settings.hpp"
#include "overlay/hierarchy.hpp"
#include "overlay/history.hpp"
#include "overlay/merge.hpp"
#include "updater/component.hpp"
#include "updater/update.hpp"

#include <algorithm>
#include <cctype>
#include <set>

namespace handoff {

namespace {

using base::Kind;
using overlay::Request;
using updater::FetchedReleases;
using updater::ReleaseSource;
using updater::Remember;

std::string lower(std::string text)
{
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char letter) {
    return static_cast<char>(std::tolower(letter));
  });
  return text;
}

bool holds(const std::string &text, const std::string &word)
{
  return lower(text).find(lower(word)) != std::string::npos;
}

std::string without_slashes(std::string url)
{
  while (url.ends_with('/'))
    url.pop_back();
  return url;
}

/// The repositories that are trusted already, because something was installed from them.
std::vector<ReleaseSource> known_sources(const base::Host &host)
{
  std::set<ReleaseSource> sources;
  for (const ExtensionComponent &component : extension_components(host))
    if (!component.source.trust.empty())
      sources.insert(component.source);
  return {sources.begin(), sources.end()};
}

std::vector<ReleaseSource> sources_of(const base::Host &host, const Repositories &repositories)
{
  const std::string url = without_slashes(repositories.url);
  std::vector<ReleaseSource> known = known_sources(host);
  if (!url.empty() && repositories.trust)
    return {{url, trust_path(*repositories.trust), repositories.channel, *repositories.trust}};
  if (!url.empty())
    std::erase_if(known, [&](const ReleaseSource &each) { return each.url != url; });
  if (known.empty() && !url.empty())
    base::fail(Kind::usage,
               "nothing is installed from {} yet, so say by whom it is to be trusted: "
               "--trust=FILE, its public key or root.json",
               url);
  if (known.empty())
    base::fail(
        Kind::usage,
        "no repository is known yet; name one with --from=URL and its key with --trust=FILE");
  return known;
}

/// What one repository has for this machine.
struct Repository {
  ReleaseSource source;
  FetchedReleases fetched;
  std::vector<ExtensionOffer> offers;
};

Repository look_at(const base::Host &host, const ReleaseSource &source, Remember remember)
{
  Repository repository{source, updater::fetch_releases(host, source, remember), {}};
  repository.offers = offers_of(repository.fetched.manifest,
                                updater::read_recipient(host, repository.fetched.now),
                                base::native_architecture());
  return repository;
}

const ExtensionOffer *find_offer(const Repository &repository, const std::string &name)
{
  const auto found = std::find_if(repository.offers.begin(),
                                  repository.offers.end(),
                                  [&](const ExtensionOffer &offer) { return offer.name == name; });
  return found == repository.offers.end() ? nullptr : &*found;
}

std::string version_in_use(const base::Host &host, const std::string &name)
{
  const auto component = find_component(host, name);
  return component ? component->version : "";
}

FoundExtension
describe(const base::Host &host, const Repository &repository, const ExtensionOffer &offer)
{
  const auto &releases = repository.fetched.manifest.releases;
  const auto newest = std::find_if(releases.begin(), releases.end(), [&](const auto &release) {
    return release.name == offer.name && release.version == offer.newest;
  });
  return {.name = offer.name,
          .kind = std::string(verity::name(newest->kind)),
          .version = offer.release == nullptr ? "" : offer.release->version,
          .newest = offer.newest,
          .why = offer.why,
          .description = newest->description,
          .url = repository.source.url,
          .installed = version_in_use(host, offer.name)};
}

/// A repository that has the extension for this machine.
struct Chosen {
  Repository repository;
  const ExtensionOffer *offer = nullptr;
};

Chosen
choose(const base::Host &host, const std::vector<ReleaseSource> &sources, const std::string &name)
{
  std::string why;
  std::string urls;
  for (const ReleaseSource &source : sources) {
    Chosen chosen{look_at(host, source, Remember::yes), nullptr};
    chosen.offer = find_offer(chosen.repository, name);
    if (chosen.offer != nullptr && chosen.offer->release != nullptr)
      return chosen;
    if (chosen.offer != nullptr)
      why = fmt::format("{} {}: {}", name, chosen.offer->newest, chosen.offer->why);
    urls += (urls.empty() ? "" : ", ") + source.url;
  }
  if (!why.empty())
    base::fail(Kind::config, "no version is for this system; {}", why);
  base::fail(Kind::not_found,
             "there is no extension {} at {}; `strake ext search` shows those there are",
             name,
             urls);
}

bool is_merged(const base::Host &host, const std::string &name)
{
  const overlay::Generation present = overlay::present_generation(host);
  return std::any_of(present.sets.begin(), present.sets.end(), [&](const auto &entry) {
    return entry.second.find(name) != nullptr;
  });
}

[[noreturn]] void fail_unmerged(const std::vector<overlay::Plan> &plans, const std::string &name)
{
  for (const overlay::Plan &plan : plans)
    for (const overlay::Omission &each : plan.selection.omitted)
      if (each.image.name == name)
        base::fail(Kind::config,
                   "{} cannot be merged ({}): {}; {}",
                   name,
                   each.verdict.rule,
                   each.verdict.why,
                   each.verdict.fix);
  base::fail(Kind::config, "{} has nothing to be merged", name);
}

void merge_new(const base::Host &host,
               const std::vector<Request> &requests,
               const std::string &name)
{
  if (!overlay::read_extension_settings(host, name).enabled)
    overlay::set_enabled(host, name, overlay::Enabled::yes);
  const auto plans = overlay::refresh(host, requests);
  if (!is_merged(host, name))
    fail_unmerged(plans, name);
}

std::string
update_component(const base::Host &host, const std::string &name, const std::string &version)
{
  updater::UpdateOptions options;
  options.scope.component = name;
  options.version = version;
  return updater::update(host, options).version;
}

/// The newest that fits may be here already: it came with a system that is still to be started.
void use_newest(const base::Host &host, const ExtensionComponent &component)
{
  if (component.source.trust.empty())
    return; // nobody says what fits
  updater::UpdateOptions options;
  options.scope.component = component.name;
  const auto foreseen = updater::foresee(host, options);
  for (const updater::UpdateSet &set : foreseen->catalog.sets) // newest first
    if (set.available && set.is_whole()) {
      if (base::compare_versions(set.version, component.version) > 0)
        (void)use_version(host, component, set.version);
      return;
    }
}

void refuse_if_held(const base::Host &host)
{
  if (const auto held = overlay::held_generation(host))
    base::fail(Kind::usage,
               "generation {} is held, and nothing else is merged; `strake ext release` ends that",
               *held);
}

/// The refresh comes last, since it tells about the machine and the removal only about its files.
void take_back(const base::Host &host,
               const std::vector<Request> &requests,
               const std::string &name)
{
  if (const auto component = find_component(host, name))
    remove_component(host, *component);
  overlay::refresh(host, requests);
}

InstalledExtension bring(const base::Host &host,
                         const std::vector<Request> &requests,
                         const Chosen &chosen,
                         const std::string &before)
{
  const ExtensionOffer &offer = *chosen.offer;
  try {
    write_component(host, offer, chosen.repository.source);
    const std::string version = update_component(host, offer.name, offer.release->version);
    merge_new(host, requests, offer.name);
    return {offer.name, version, before};
  } catch (const base::Error &) {
    if (before.empty())
      take_back(host, requests, offer.name);
    throw;
  }
}

} // namespace

std::vector<FoundExtension>
search(const base::Host &host, const Repositories &repositories, const std::string &word)
{
  std::vector<FoundExtension> found;
  for (const ReleaseSource &source : sources_of(host, repositories)) {
    const Repository repository = look_at(host, source, Remember::no);
    for (const ExtensionOffer &offer : repository.offers) {
      FoundExtension extension = describe(host, repository, offer);
      if (holds(extension.name, word) || holds(extension.description, word))
        found.push_back(std::move(extension));
    }
  }
  return found;
}

InstalledExtension install(const base::Host &host,
                           const std::vector<Request> &requests,
                           const Repositories &repositories,
                           const std::string &name)
{
  refuse_if_held(host);
  const Chosen chosen = choose(host, sources_of(host, repositories), name);
  const std::string before = version_in_use(host, name);
  refuse_other_component(host, *chosen.offer, chosen.repository.source);
  const bool is_new_trust = repositories.trust && !has_trust(host, *repositories.trust);
  try {
    if (is_new_trust)
      keep_trust(host, *repositories.trust);
    return bring(host, requests, chosen, before);
  } catch (const base::Error &) {
    if (is_new_trust)
      forget_trust(host, *repositories.trust);
    throw;
  }
}

void remove(const base::Host &host, const std::vector<Request> &requests, const std::string &name)
{
  refuse_if_held(host);
  const auto component = find_component(host, name);
  if (!component && updater::is_valid_component_name(name) && remove_leftovers(host, name) > 0)
    return; // an earlier run was cut
  if (!component)
    base::fail(Kind::not_found,
               "no component keeps an extension {}; what was put there by hand is to be taken away "
               "by hand",
               name);
  if (!component->is_own)
    base::fail(Kind::usage,
               "the component {} was not made by `strake ext install`; remove its definitions, and "
               "`strake cleanup --component={}` does the rest",
               name,
               name);
  const std::string target = host.root.link_target(component->link).value_or("");
  try {
    unlink_extension(host, *component);
    overlay::refresh(host, requests);
  } catch (const base::Error &) {
    link_again(host, *component, target);
    throw;
  }
  remove_component(host, *component);
}

std::vector<InstalledExtension> upgrade(const base::Host &host,
                                        const std::vector<Request> &requests,
                                        const std::vector<std::string> &names)
{
  std::vector<InstalledExtension> upgraded;
  std::vector<base::Error> failures;
  for (const std::string &name : names)
    if (!find_component(host, name))
      base::fail(Kind::not_found, "no component keeps an extension {}", name);
  for (const ExtensionComponent &component : extension_components(host)) {
    if (!names.empty() && std::find(names.begin(), names.end(), component.name) == names.end())
      continue;
    try {
      base::during(component.name, [&] {
        if (update_component(host, component.name, "").empty())
          use_newest(host, component);
      });
      upgraded.push_back({component.name, version_in_use(host, component.name), component.version});
    } catch (const base::Error &error) {
      failures.push_back(error);
    }
  }
  overlay::refresh(host, requests);
  std::string all;
  for (const base::Error &error : failures)
    all += (all.empty() ? "" : "\n") + std::string(error.what());
  if (!failures.empty())
    base::fail(failures.front().kind(), "{}", all);
  return upgraded;
}

} // namespace handoff
