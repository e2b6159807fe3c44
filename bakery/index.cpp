// SPDX-License-Identifier: Apache-2.0
#include "bakery/index.hpp"

#include "base/error.hpp"
#include "base/printable.hpp"
#include "base/version.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <map>

namespace bakery {

namespace {

using base::Kind;
using verity::Release;

constexpr std::array channels = {Channel::stable, Channel::candidate};

Release *find(std::vector<Release> &releases, const std::string &name, const std::string &version)
{
  const auto found = std::find_if(releases.begin(), releases.end(), [&](const Release &each) {
    return each.name == name && each.version == version;
  });
  return found != releases.end() ? &*found : nullptr;
}

void sort_releases(std::vector<Release> &releases)
{
  std::sort(releases.begin(), releases.end(), [](const Release &one, const Release &other) {
    if (one.name != other.name)
      return one.name < other.name;
    const auto order = base::compare_versions(one.version, other.version);
    return order != std::strong_ordering::equal ? order == std::strong_ordering::less
                                                : one.version < other.version;
  });
}

bool has_newer(const std::vector<Release> &releases, const Release &than)
{
  return std::any_of(releases.begin(), releases.end(), [&](const Release &each) {
    return each.name == than.name && each.withdrawn.empty() &&
           base::compare_versions(each.version, than.version) == std::strong_ordering::greater;
  });
}

/// Candidates that are stable already, and of which there is a newer one to test.
void drop_superseded(Index &index)
{
  const std::vector<Release> candidates = index.candidate;
  std::erase_if(index.candidate, [&](const Release &release) {
    const Release *stable = find(index.stable, release.name, release.version);
    return stable != nullptr && stable->artifacts == release.artifacts &&
           has_newer(candidates, release);
  });
}

/// Adds a file, and what is known of it, unless the release has it.
void add_artifact(Release &release, const AddedFile &added)
{
  const auto is_same = [&](const verity::Artifact &each) {
    return each.name == added.file.name.file;
  };
  if (std::any_of(release.artifacts.begin(), release.artifacts.end(), is_same))
    return;
  release.artifacts.push_back({.name = added.file.name.file,
                               .architecture = added.file.name.architecture,
                               .size = added.file.size,
                               .sha256 = added.file.sha256,
                               .root_hash = added.facts.root_hash});
  std::sort(release.artifacts.begin(),
            release.artifacts.end(),
            [](const auto &one, const auto &other) { return one.name < other.name; });
  if (!added.file.name.is_image())
    return;
  release.kind = added.facts.kind;
  if (!added.facts.description.empty()) // a system is several files, of which one is described
    release.description = added.facts.description;
  release.fits = added.facts.fits;
}

using ReleaseKey = std::pair<std::string, std::string>;

std::string versions_of(const Index &index, Channel channel, const std::string &name)
{
  std::vector<std::string> versions;
  for (const Release &release : index.releases(channel))
    if (release.name == name && release.withdrawn.empty())
      versions.push_back(release.version);
  return versions.empty() ? fmt::format("no version of \"{}\"", base::printable(name))
                          : fmt::format("{}", fmt::join(versions, ", "));
}

std::vector<OfferedFile> sorted(const std::map<std::string, OfferedFile> &files)
{
  std::vector<OfferedFile> list;
  for (const auto &[name, file] : files)
    list.push_back(file);
  return list;
}

void collect(const std::vector<Release> &releases, std::map<std::string, OfferedFile> &into)
{
  for (const Release &release : releases)
    if (release.withdrawn.empty())
      for (OfferedFile &file : files_of(release))
        into.emplace(file.name.file, std::move(file));
}

} // namespace

std::string_view name(Channel channel)
{
  return channel == Channel::stable ? "stable" : "candidate";
}

std::vector<OfferedFile> Index::files(Channel channel) const
{
  std::map<std::string, OfferedFile> found;
  collect(releases(channel), found);
  return sorted(found);
}

std::vector<OfferedFile> Index::all_files() const
{
  std::map<std::string, OfferedFile> found;
  for (const Channel channel : channels)
    collect(releases(channel), found);
  return sorted(found);
}

std::string withdrawal_of(const Index &index, Channel channel, const ImageFile &file)
{
  for (const Release &release : index.releases(channel))
    if (release.name == file.name && release.version == file.version)
      return release.withdrawn;
  return {};
}

void add(Index &index,
         Channel channel,
         const std::vector<AddedFile> &files,
         std::chrono::sys_seconds now)
{
  std::map<ReleaseKey, Release> releases;
  for (Release &release : index.releases(channel))
    releases.emplace(ReleaseKey(release.name, release.version), std::move(release));
  for (const AddedFile &added : files) {
    const ImageFile &name = added.file.name;
    Release &release = releases[{name.name, name.version}];
    if (release.name.empty())
      release = {.name = name.name,
                 .version = name.version,
                 .added = index.sequence + 1,
                 .published = now};
    if (release.withdrawn.empty())
      add_artifact(release, added);
  }
  std::vector<Release> &all = index.releases(channel);
  all.clear();
  all.reserve(releases.size());
  for (auto &[key, release] : releases)
    all.push_back(std::move(release));
  sort_releases(all);
  drop_superseded(index);
}

const Release &find_release(const Index &index,
                            Channel channel,
                            const std::string &name,
                            const std::string &version)
{
  for (const Release &release : index.releases(channel))
    if (release.name == name && release.version == version && release.withdrawn.empty())
      return release;
  base::fail(Kind::not_found,
             "the channel {} has no version {} of {}; it has {}",
             bakery::name(channel),
             base::printable(version),
             base::printable(name),
             versions_of(index, channel, name));
}

void promote(Index &index, const std::string &name, const std::string &version)
{
  const Release candidate = find_release(index, Channel::candidate, name, version);
  Release *present = find(index.stable, name, version);
  if (present == nullptr)
    index.stable.push_back(candidate);
  else
    *present = candidate;
  sort_releases(index.stable);
  drop_superseded(index);
}

std::vector<OfferedFile> withdraw(Index &index,
                                  const std::string &name,
                                  const std::string &version,
                                  const std::string &reason)
{
  std::map<std::string, OfferedFile> files;
  for (const Channel channel : channels) {
    Release *release = find(index.releases(channel), name, version);
    if (release == nullptr || !release->withdrawn.empty())
      continue;
    for (OfferedFile &file : files_of(*release))
      files.emplace(file.name.file, std::move(file));
    release->withdrawn = reason;
  }
  if (files.empty())
    (void)find_release(index, Channel::stable, name, version);
  return sorted(files);
}

void issue(Index &index, std::chrono::sys_seconds now, std::chrono::seconds valid_for)
{
  index.sequence += 1;
  index.issued = std::max(now, index.issued + std::chrono::seconds(1));
  index.expires = index.issued + valid_for;
}

} // namespace bakery
