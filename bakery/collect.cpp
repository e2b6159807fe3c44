// SPDX-License-Identifier: Apache-2.0
#include "bakery/collect.hpp"

#include "bakery/index_files.hpp"
#include "bakery/signed_index.hpp"
#include "base/error.hpp"

#include <sys/stat.h>

#include <set>

namespace bakery {

namespace {

using std::chrono::sys_seconds;

/// The list that is published, by the key that is published with it: this is the publisher's own
/// directory.
Index own_index(const base::Dir &repository)
{
  const ReadFile read = [&](const std::string &path) { return read_index_file(repository, path); };
  const auto key = verity::parse_minisign_key(read("minisign.pub").value_or(""));
  const auto found = key ? read_signed_index(read, {.keys = {*key}}) : std::nullopt;
  if (!found)
    base::fail(base::Kind::not_found, "nothing is published in {} yet", repository.path());
  return found->index;
}

sys_seconds changed(const struct stat &status)
{
  return sys_seconds(std::chrono::seconds(status.st_ctim.tv_sec));
}

/// Since when no list has named a file.
sys_seconds
unnamed_since(const PublishedNames &names, const std::string &file, const struct stat &status)
{
  const auto known = names.find(file);
  if (known != names.end() && known->second.unnamed_since)
    return *known->second.unnamed_since;
  return changed(status);
}

std::set<std::string> names_in(const Index &index)
{
  std::set<std::string> names;
  for (const OfferedFile &file : index.all_files())
    names.insert(file.name.file);
  return names;
}

std::vector<Collected> unnamed_content(const base::Dir &dir,
                                       const std::set<std::string> &named,
                                       const PublishedNames &names,
                                       sys_seconds limit)
{
  std::vector<Collected> found;
  for (const base::DirEntry &entry : dir.entries()) {
    if (entry.type != S_IFREG || named.contains(entry.name) || !parse_image_file(entry.name))
      continue;
    const struct stat status = dir.status(entry.name).value();
    if (unnamed_since(names, entry.name, status) <= limit)
      found.push_back({entry.name, static_cast<std::uint64_t>(status.st_size)});
  }
  return found;
}

/// Parts of downloads that nobody has gone on with.
std::vector<Collected> left_arrivals(const base::Dir &incoming, sys_seconds limit)
{
  std::vector<Collected> found;
  for (const base::DirEntry &entry : incoming.entries()) {
    const struct stat status = incoming.status(entry.name).value();
    if (entry.type == S_IFREG && changed(status) <= limit)
      found.push_back({entry.name, static_cast<std::uint64_t>(status.st_size)});
  }
  return found;
}

std::vector<std::string> names_of(const std::vector<Collected> &collected)
{
  std::vector<std::string> names;
  for (const Collected &each : collected)
    names.push_back(each.file);
  return names;
}

} // namespace

std::vector<Collected> collect(const base::Host &host, const CollectRequest &request)
{
  if (!host.root.find_dir(request.repository + "/" + records_directory))
    base::fail(base::Kind::not_found, "{} is no repository", request.repository);
  Repository repository(host, request.repository, request.doing);
  const base::Dir &dir = *repository.dir();
  const Index index = own_index(dir);
  const sys_seconds limit = host.clock.now() - request.older_than;
  repository.learn(index.all_files(), host.clock.now());
  std::vector<Collected> collected =
      unnamed_content(dir, names_in(index), repository.names(), limit);
  const auto incoming = repository.find_incoming();
  const auto left = incoming ? left_arrivals(*incoming, limit) : std::vector<Collected>{};
  if (request.doing == Doing::perform) {
    repository.remember(); // names stay taken, whatever becomes of their content
    repository.remove(names_of(collected));
    repository.remember();
    for (const std::string &file : names_of(left))
      host.sys.remove(*incoming, file, base::Remove::file);
  }
  for (const Collected &each : left)
    collected.push_back({fmt::format("{}/incoming/{}", records_directory, each.file), each.size});
  return collected;
}

} // namespace bakery
