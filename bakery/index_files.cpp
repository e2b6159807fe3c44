// SPDX-License-Identifier: Apache-2.0
#include "bakery/index_files.hpp"

#include "base/durable.hpp"
#include "base/error.hpp"
#include "base/parse.hpp"

#include <algorithm>
#include <set>
#include <vector>

namespace bakery {

namespace {

using base::Dir;
using base::Kind;

constexpr const char *current_link = "current";
constexpr const char *into_current = ".strake/current/";
constexpr std::size_t largest_index_file = std::size_t{64} << 20U;

std::uint64_t current_number(const Dir &records)
{
  const auto target = records.link_target(current_link);
  return target ? base::parse_number(*target).value_or(0) : 0;
}

std::set<std::string> top_names(const IndexFiles &files)
{
  std::set<std::string> names;
  for (const auto &[path, file] : files)
    names.insert(path.substr(0, path.find('/')));
  return names;
}

bool is_ours(const Dir &repository, const std::string &name)
{
  return repository.link_target(name) == into_current + name;
}

void refuse_what_is_in_the_way(const Dir &repository, const std::set<std::string> &names)
{
  for (const std::string &name : names)
    if (repository.status(name) && !is_ours(repository, name))
      base::fail(Kind::config,
                 "{} is not of a repository made by strake; move it away, or choose an empty "
                 "directory",
                 repository.display(name));
}

/// What a cut left, and what nobody reads any more.
void remove_other_numbers(base::Sys &sys, const Dir &records, std::uint64_t kept)
{
  for (const base::DirEntry &entry : records.entries()) {
    const auto number = base::parse_number(entry.name);
    if (number && *number != kept && *number + 1 != kept)
      base::remove_tree(sys, records, entry.name);
  }
}

std::optional<std::string> text_of(const Dir &dir, const std::string &path)
{
  const auto found = dir.status(path);
  if (!found || !S_ISREG(found->st_mode))
    return std::nullopt;
  return dir.text(path, largest_index_file);
}

/// A new set of files being written, beside the one that is published.
class NewFiles {
public:
  NewFiles(base::Sys &sys, Dir made, std::optional<Dir> present, std::chrono::sys_seconds time)
      : sys_(sys), made_(std::move(made)), present_(std::move(present)), time_(time)
  {
  }

  void add(const std::string &path, const IndexFile &file)
  {
    const base::SplitPath split = base::split_path(path);
    const Dir &dir = directory(split.parent);
    if (file.kind == IndexFile::Kind::link)
      sys_.symlink(file.text, dir, split.name);
    else if (present_ && text_of(*present_, path) == file.text)
      sys_.hard_link(present_->dir("/" + split.parent), split.name, dir, split.name);
    else
      write(dir, split.name, file.text);
  }

private:
  const Dir &directory(const std::string &path)
  {
    if (path.empty())
      return made_;
    const auto known = directories_.find(path);
    if (known != directories_.end())
      return known->second;
    const base::SplitPath split = base::split_path(path);
    const Dir &parent = directory(split.parent);
    sys_.make_dir(parent, split.name, 0755);
    return directories_.emplace(path, parent.dir(split.name)).first->second;
  }

  void write(const Dir &dir, const std::string &name, const std::string &text)
  {
    base::Fd fd = sys_.create(dir, name, 0644);
    sys_.write_at(fd, 0, std::as_bytes(std::span(text)));
    const auto microseconds =
        std::chrono::duration_cast<std::chrono::microseconds>(time_.time_since_epoch());
    sys_.set_attributes(fd, {.modified_us = microseconds.count()});
    sys_.close(std::move(fd));
  }

  base::Sys &sys_;
  Dir made_;
  std::optional<Dir> present_;
  std::chrono::sys_seconds time_;
  std::map<std::string, Dir> directories_;
};

void write_files(base::Sys &sys,
                 const Dir &records,
                 std::uint64_t present,
                 const IndexFiles &files,
                 std::chrono::sys_seconds time)
{
  const std::string name = std::to_string(present + 1);
  base::remove_tree(sys, records, name);
  sys.make_dir(records, name, 0755);
  NewFiles made(sys, records.dir(name), records.find_dir(std::to_string(present)), time);
  for (const auto &[path, file] : files)
    made.add(path, file);
  // All at once: thousands of small files one after the other would take minutes.
  sys.sync_file_system(records);
}

void link_top_names(base::Sys &sys, const Dir &repository, const std::set<std::string> &names)
{
  bool has_changed = false;
  for (const std::string &name : names)
    if (!repository.status(name)) {
      sys.symlink(into_current + name, repository, name);
      has_changed = true;
    }
  if (has_changed)
    sys.sync(repository);
}

void unlink_other_names(base::Sys &sys, const Dir &repository, const std::set<std::string> &names)
{
  for (const base::DirEntry &entry : repository.entries())
    if (entry.type == S_IFLNK && !names.contains(entry.name) && is_ours(repository, entry.name))
      sys.remove(repository, entry.name, base::Remove::file);
}

} // namespace

void replace_index(base::Sys &sys,
                   const Dir &repository,
                   const IndexFiles &files,
                   std::chrono::sys_seconds time)
{
  const std::set<std::string> names = top_names(files);
  refuse_what_is_in_the_way(repository, names);
  if (!repository.find_dir(records_directory))
    sys.make_dir(repository, records_directory, 0755); // durable with the links at the top
  const Dir records = repository.dir(records_directory);
  const std::uint64_t present = current_number(records);
  remove_other_numbers(sys, records, present);
  write_files(sys, records, present, files, time);
  link_top_names(sys, repository, names);
  base::replace_symlink(sys, records, current_link, std::to_string(present + 1));
  unlink_other_names(sys, repository, names);
  remove_other_numbers(sys, records, present + 1);
}

bool is_published(const Dir &repository, const IndexFiles &files)
{
  return std::all_of(files.begin(), files.end(), [&](const auto &each) {
    const auto &[path, file] = each;
    return file.kind == IndexFile::Kind::file ? read_index_file(repository, path) == file.text
                                              : repository.target_status(path).has_value();
  });
}

std::optional<std::string> read_index_file(const Dir &repository, const std::string &path)
{
  const auto records = repository.find_dir(records_directory);
  const auto present = records ? records->find_dir(current_link) : std::nullopt;
  return present ? text_of(*present, path) : std::nullopt;
}

} // namespace bakery
