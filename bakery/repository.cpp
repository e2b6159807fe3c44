// SPDX-License-Identifier: Apache-2.0
#include "bakery/repository.hpp"

#include "bakery/file_digest.hpp"
#include "bakery/index_files.hpp"
#include "base/durable.hpp"
#include "base/error.hpp"

#include <sys/stat.h>

#include <set>

namespace bakery {

namespace {

using base::Dir;
using base::Fd;
using base::Kind;

constexpr const char *incoming_directory = "incoming";
constexpr const char *url_file = "url";
constexpr std::int64_t microseconds = 1000000;
constexpr std::int64_t nanoseconds = 1000;

std::int64_t modified_us(const struct stat &status)
{
  return status.st_mtim.tv_sec * microseconds + status.st_mtim.tv_nsec / nanoseconds;
}

struct stat status_of(const Fd &file)
{
  struct stat status = {};
  if (::fstat(file.number(), &status) != 0)
    base::fail_errno("cannot look at {}", base::path_of(file));
  return status;
}

bool is_as_known(const PublishedName &known, const struct stat &status)
{
  return S_ISREG(status.st_mode) && static_cast<std::uint64_t>(status.st_size) == known.size &&
         modified_us(status) == known.modified_us;
}

std::optional<Dir> open_directory(const base::Host &host, const std::string &path, Doing doing)
{
  if (doing == Doing::perform)
    return base::make_path(host.sys, host.root, path);
  return host.root.find_dir(path);
}

std::optional<Dir>
open_records(const base::Host &host, const std::optional<Dir> &repository, Doing doing)
{
  if (doing == Doing::tell)
    return repository ? repository->find_dir(records_directory) : std::nullopt;
  Dir records = base::make_path(host.sys, *repository, records_directory);
  if (!host.sys.try_lock(records.fd()))
    base::fail(Kind::busy,
               "another strake is at work on the repository {}; try again when it is done",
               repository->path());
  return records;
}

Fd open_new(const NewFile &file)
{
  return Dir::open_root(file.directory).file(file.name.file);
}

} // namespace

Repository::Repository(const base::Host &host, const std::string &path, Doing doing)
    : host_(host), dir_(open_directory(host, path, doing)),
      records_(open_records(host, dir_, doing)),
      names_(records_ ? read_published_names(*records_) : PublishedNames{}), remembered_(names_)
{
}

std::string Repository::url() const
{
  const std::string text = records_ ? records_->text(url_file).value_or("") : "";
  return text.substr(0, text.find('\n'));
}

void Repository::set_url(const std::string &url)
{
  if (this->url() != url)
    base::replace_file(host_.sys, *records_, url_file, url + "\n");
}

void Repository::learn(const std::vector<OfferedFile> &indexed, std::chrono::sys_seconds now)
{
  std::set<std::string> named;
  for (const OfferedFile &file : indexed) {
    named.insert(file.name.file);
    PublishedName &known = names_[file.name.file];
    if (known.sha256 != file.sha256 || known.size != file.size)
      known = {.sha256 = file.sha256, .size = file.size, .modified_us = {}, .unnamed_since = {}};
    known.unnamed_since.reset();
    if (const auto copied = copied_.find(file.name.file); copied != copied_.end())
      known.modified_us = copied->second;
  }
  for (auto &[name, known] : names_)
    if (!named.contains(name) && !known.unnamed_since)
      known.unnamed_since = now;
}

void Repository::check_content(const std::vector<OfferedFile> &indexed)
{
  for (const OfferedFile &file : indexed) {
    const std::string &name = file.name.file;
    PublishedName &known = names_.at(name);
    const auto found = dir_->status(name);
    if (!found)
      base::fail(Kind::not_found,
                 "{} is published, but not there; bring it back from a mirror, or withdraw it",
                 dir_->display(name));
    if (is_as_known(known, *found))
      continue;
    if (!S_ISREG(found->st_mode) || digest_of_file(dir_->file(name)) != file.sha256)
      base::fail(Kind::untrusted,
                 "{} is not what was published under that name; bring that back from a mirror, or "
                 "withdraw it",
                 dir_->display(name));
    known.modified_us = modified_us(*found);
  }
}

/// Of the size and time that are known, it is taken for what was published.
bool Repository::is_there_already(const NewFile &file) const
{
  const auto known = names_.find(file.name.file);
  return known != names_.end() && dir_ && dir_->status(file.name.file) &&
         is_as_known(known->second, status_of(open_new(file)));
}

OfferedFile Repository::examine(const NewFile &file) const
{
  OfferedFile offered{.name = file.name};
  const auto known = names_.find(file.name.file);
  if (is_there_already(file)) {
    offered.size = known->second.size;
    offered.sha256 = known->second.sha256;
    return offered;
  }
  const Fd source = open_new(file);
  offered.size = base::size_of(source);
  offered.sha256 = digest_of_file(source);
  if (known != names_.end() && offered.sha256 != known->second.sha256)
    base::fail(Kind::config,
               "{} was published before with other bytes (SHA-256 {}), and what is published under "
               "a name never changes; give it a version of its own",
               file.path(),
               verity::hex(known->second.sha256));
  return offered;
}

std::vector<OfferedFile> Repository::examine(const std::vector<NewFile> &files) const
{
  std::vector<OfferedFile> offered;
  for (const NewFile &file : files)
    offered.push_back(examine(file));
  return offered;
}

void Repository::copy_in(const OfferedFile &file, const Fd &source)
{
  const std::string &name = file.name.file;
  const Dir incoming = this->incoming();
  base::remove_tree(host_.sys, incoming, name);
  Fd copy = host_.sys.create(incoming, name, 0644);
  host_.sys.copy(source, {.start = 0, .length = file.size}, copy, 0);
  host_.sys.set_attributes(copy, {.modified_us = modified_us(status_of(source))});
  host_.sys.sync(copy);
  host_.sys.forget_cached(copy, 0, file.size);
  if (digest_of_file(copy) != file.sha256)
    base::fail(Kind::io, "the copy of {} differs from it; was it being written to?", name);
  host_.sys.close(std::move(copy));
  host_.sys.rename(incoming, name, *dir_, name, base::Replace::yes);
  copied_[name] = modified_us(status_of(source));
}

void Repository::admit(const std::vector<NewFile> &files, const std::vector<OfferedFile> &examined)
{
  for (std::size_t n = 0; n < files.size(); ++n)
    if (!is_there_already(files[n]))
      copy_in(examined.at(n), open_new(files[n]));
  host_.sys.sync(*dir_);
}

std::vector<OfferedFile> Repository::missing(const std::vector<OfferedFile> &files)
{
  std::vector<OfferedFile> found;
  for (const OfferedFile &file : files) {
    const std::string &name = file.name.file;
    const auto status = dir_ ? dir_->status(name) : std::nullopt;
    const auto known = names_.find(name);
    if (status && known != names_.end() && known->second.sha256 == file.sha256 &&
        is_as_known(known->second, *status))
      continue;
    if (status && S_ISREG(status->st_mode) && digest_of_file(dir_->file(name)) == file.sha256)
      copied_[name] = modified_us(*status);
    else
      found.push_back(file);
  }
  return found;
}

Dir Repository::incoming() const
{
  return base::make_path(host_.sys, *records_, incoming_directory);
}

std::optional<Dir> Repository::find_incoming() const
{
  return records_ ? records_->find_dir(incoming_directory) : std::nullopt;
}

void Repository::take_in(const std::vector<OfferedFile> &files)
{
  const Dir incoming = this->incoming();
  for (const OfferedFile &file : files) {
    const std::string &name = file.name.file;
    host_.sys.rename(incoming, name, *dir_, name, base::Replace::yes);
    copied_[name] = modified_us(dir_->status(name).value());
  }
  host_.sys.sync(*dir_);
}

void Repository::remove(const std::vector<std::string> &files)
{
  for (const std::string &file : files) {
    host_.sys.remove(*dir_, file, base::Remove::file);
    if (const auto known = names_.find(file); known != names_.end())
      known->second.modified_us.reset();
  }
  host_.sys.sync(*dir_);
}

void Repository::remember()
{
  if (names_ == remembered_)
    return;
  write_published_names(host_.sys, *records_, names_);
  remembered_ = names_;
}

} // namespace bakery
