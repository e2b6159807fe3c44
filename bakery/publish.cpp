// SPDX-License-Identifier: Apache-2.0
#include "bakery/publish.hpp"

#include "bakery/upload_order.hpp"
#include "bakery/wire_check.hpp"
#include "base/error.hpp"
#include "base/printable.hpp"

#include <algorithm>
#include <cctype>

namespace bakery {

namespace {

using base::Kind;

/// A repository while it is being changed.
struct Change {
  const base::Host &host;
  const RepositoryRequest &request;
  Repository repository;
  Index index;     ///< what is published now, and then what will be
  std::string url; ///< by which clients reach it
  Publication publication{};
};

std::vector<SignedRoot> brought_roots(const RepositoryRequest &request)
{
  if (request.keys_directory.empty())
    return {};
  const base::Dir dir = base::Dir::open_root(request.keys_directory);
  auto roots = base::during("reading the keys in " + dir.path(), [&] {
    return read_roots(
        [&](const std::string &file) { return dir.text(file, verity::signatures_limit); });
  });
  if (roots.empty())
    base::fail(
        Kind::not_found, "there is no {}; `strake key rotate` makes it", dir.display(root_file(1)));
  return roots;
}

/// Who may have signed the index there is: those who sign now, and whomever a version of the
/// publisher's own copy of the roots has had sign. This is the publisher's own directory: one is
/// enough.
verity::KeySet present_signers(const std::vector<SignedRoot> &roots, const SigningKeys &signing)
{
  verity::KeySet signers;
  for (const SigningKey *each : signing.keys)
    signers.keys.push_back(each->public_key());
  for (const SignedRoot &root : roots)
    for (const verity::MinisignKey &key : root.root.release.keys)
      if (std::find(signers.keys.begin(), signers.keys.end(), key) == signers.keys.end())
        signers.keys.push_back(key);
  return signers;
}

/// The versions that were published stay; newer ones come.
void take_roots(Index &index, const std::vector<SignedRoot> &roots)
{
  if (roots.empty())
    return;
  const bool goes_on = roots.size() >= index.roots.size() &&
                       std::equal(index.roots.begin(),
                                  index.roots.end(),
                                  roots.begin(),
                                  [](const SignedRoot &one, const SignedRoot &other) {
                                    return one.text == other.text;
                                  });
  if (!goes_on)
    base::fail(Kind::usage,
               "the repository has {} versions of the root, and those of --keys= do not go on from "
               "them",
               index.roots.size());
  index.roots = roots;
  if (index.repository.empty())
    index.repository = roots.back().root.repository;
}

Index present_index(const Repository &repository, const verity::KeySet &keys)
{
  if (!repository.dir())
    return {};
  auto found = read_signed_index(
      [&](const std::string &path) { return read_index_file(*repository.dir(), path); }, keys);
  return found ? std::move(found->index) : Index{};
}

/// Opens a repository. What its index names is known and, unless that is not needed, there and
/// whole.
enum class Content { checked, as_it_is };

Change open(const base::Host &host, const RepositoryRequest &request, Content content)
{
  Repository repository(host, request.repository, request.doing);
  const auto roots = brought_roots(request);
  Index index = present_index(repository, present_signers(roots, request.keys));
  take_roots(index, roots);
  std::string url = request.url.empty() ? repository.url() : request.url;
  if (url.empty())
    base::fail(Kind::usage,
               "{} is no repository yet; --url= of `strake publish` has to say by which URL "
               "clients will reach it",
               request.repository);
  repository.learn(index.all_files(), host.clock.now());
  if (content == Content::checked)
    repository.check_content(index.all_files());
  if (request.doing == Doing::perform) {
    repository.set_url(url);
    repository.remember();
  }
  return {.host = host,
          .request = request,
          .repository = std::move(repository),
          .index = std::move(index),
          .url = std::move(url)};
}

/// Makes the index the one that is published.
Publication put(Change change)
{
  const base::Host &host = change.host;
  Repository &repository = change.repository;
  issue(change.index, host.clock.now(), change.request.valid_for);
  const SignedIndex made = sign(host, std::move(change.index), change.request.keys);
  const IndexFiles files = files_of(made, change.url);
  change.publication.sequence = made.index.sequence;
  change.publication.upload = upload_order(repository.dir(), change.publication.added, files);
  if (change.request.doing == Doing::tell)
    return change.publication;
  replace_index(host.sys, *repository.dir(), files, made.index.issued);
  repository.learn(made.index.all_files(), host.clock.now());
  repository.remember();
  return change.publication;
}

std::vector<ImageFile> names_in(const Index &index)
{
  std::vector<ImageFile> names;
  for (const OfferedFile &file : index.all_files())
    names.push_back(file.name);
  return names;
}

/// "https://example.org/ext" makes "example.org-ext".
std::string name_from(const std::string &url)
{
  const std::size_t scheme = url.find("://");
  std::string name = scheme == std::string::npos ? url : url.substr(scheme + 3);
  for (char &letter : name)
    if (std::isalnum(static_cast<unsigned char>(letter)) == 0 && letter != '.')
      letter = '-';
  name.erase(0, std::min(name.find_first_not_of(".-"), name.size()));
  return name.empty() ? "repository" : name;
}

void give_name(Change &change, const std::string &wanted)
{
  std::string &name = change.index.repository;
  if (!name.empty() && !wanted.empty() && name != wanted)
    base::fail(Kind::usage,
               "the repository is called {}, and clients know it by that; it cannot become {}",
               name,
               wanted);
  if (name.empty())
    name = wanted.empty() ? name_from(change.url) : wanted;
}

void note_what_is_new(Change &change, Channel channel, const std::vector<OfferedFile> &files)
{
  const auto present = change.index.files(channel);
  for (const OfferedFile &file : files) {
    if (const std::string why = withdrawal_of(change.index, channel, file.name); !why.empty()) {
      change.host.say(base::Level::warning,
                      "{} stays withdrawn ({}); what comes in its place needs another version",
                      file.name.file,
                      base::printable(why));
      continue;
    }
    const bool is_there = std::find(present.begin(), present.end(), file) != present.end();
    (is_there ? change.publication.unchanged : change.publication.added).push_back(file.name.file);
  }
}

} // namespace

Publication publish(const base::Host &host, const PublishRequest &request)
{
  Change change = open(host, request, Content::checked);
  give_name(change, request.name);
  const auto found = find_new_files(request.directories, names_in(change.index));
  const auto files = change.repository.examine(found);
  const auto added = inspect(host, found, files, change.index.all_files(), request.lint);
  if (request.doing == Doing::perform)
    change.repository.admit(found, files);
  note_what_is_new(change, request.channel, files);
  add(change.index, request.channel, added, host.clock.now());
  return put(std::move(change));
}

Publication promote(const base::Host &host, const VersionRequest &request)
{
  Change change = open(host, request, Content::checked);
  const auto files =
      files_of(find_release(change.index, Channel::candidate, request.name, request.version));
  check_over_the_wire(host, *change.repository.dir(), change.url, files);
  promote(change.index, request.name, request.version);
  return put(std::move(change));
}

Publication withdraw(const base::Host &host, const VersionRequest &request)
{
  Change change = open(host, request, Content::as_it_is);
  for (const OfferedFile &file :
       withdraw(change.index, request.name, request.version, request.reason))
    change.publication.withdrawn.push_back(file.name.file);
  return put(std::move(change));
}

} // namespace bakery
