// SPDX-License-Identifier: Apache-2.0
#include "bakery/collect.hpp"

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
  const auto found = key ? read_signed_index(read, *key) : std::nullopt;
  if (!found)
    base::fail(base::Kind::not_found, "{} is no repository yet", repository.path());
  return found->index;
}

/// Since when no list has named a file.
sys_seconds
unnamed_since(const PublishedNames &names, const std::string &file, const struct stat &status)
{
  const auto known = names.find(file);
  if (known != names.end() && known->second.unnamed_since)
    return *known->second.unnamed_since;
  return sys_seconds(std::chrono::seconds(status.st_ctim.tv_sec));
}

std::set<std::string> names_in(const Index &index)
{
  std::set<std::string> names;
  for (const OfferedFile &file : index.all_files())
    names.insert(file.name.file);
  return names;
}

} // namespace

std::vector<Collected> collect(const base::Host &host, const CollectRequest &request)
{
  if (!host.root.find_dir(request.repository))
    base::fail(base::Kind::not_found, "there is no directory {}", request.repository);
  Repository repository(host, request.repository, request.doing);
  const base::Dir &dir = *repository.dir();
  const Index index = own_index(dir);
  repository.learn(index.all_files(), host.clock.now());
  const std::set<std::string> named = names_in(index);
  std::vector<Collected> collected;
  std::vector<std::string> files;
  for (const base::DirEntry &entry : dir.entries()) {
    if (entry.type != S_IFREG || named.contains(entry.name) || !parse_image_file(entry.name))
      continue;
    const struct stat status = dir.status(entry.name).value();
    if (unnamed_since(repository.names(), entry.name, status) + request.older_than >
        host.clock.now())
      continue;
    collected.push_back({entry.name, static_cast<std::uint64_t>(status.st_size)});
    files.push_back(entry.name);
  }
  if (request.doing == Doing::perform) {
    repository.remember();
    repository.remove(files);
    repository.remember();
  }
  return collected;
}

} // namespace bakery
