// SPDX-License-Identifier: Apache-2.0
#include "base/tar.hpp"

#include "base/access_list.hpp"
#include "base/error.hpp"
#include "base/tree_writer.hpp"
#include "base/unpack.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <unistd.h>

#include <algorithm>
#include <clocale>
#include <exception>
#include <limits>
#include <span>
#include <string_view>

namespace base {

namespace {

using Archive = Unique<archive, ::archive_read_free>;

constexpr std::size_t longest_path = 4095; // PATH_MAX without its NUL
constexpr std::size_t longest_name = 255;

/// libarchive takes the names in pax headers through the charset of the locale, and strake runs in
/// "C". Where there is no C.UTF-8, names beyond ASCII are refused by libarchive.
class Utf8Names {
public:
  Utf8Names() : locale_(::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr))
  {
    if (locale_ != nullptr)
      before_ = ::uselocale(locale_);
  }

  Utf8Names(const Utf8Names &) = delete;
  Utf8Names &operator=(const Utf8Names &) = delete;

  ~Utf8Names()
  {
    if (locale_ == nullptr)
      return;
    ::uselocale(before_);
    ::freelocale(locale_);
  }

private:
  locale_t locale_;
  locale_t before_ = nullptr;
};

/// Feeds libarchive. It is C: what is thrown on its behalf is kept and thrown again behind it.
class Input {
public:
  Input(const Fd &file, std::uint64_t size_limit)
      : source_(file, detect_compression(file), {size_limit}), buffer_(std::size_t{1} << 20U)
  {
  }

  static la_ssize_t read(archive *reader, void *input, const void **data)
  {
    auto &self = *static_cast<Input *>(input);
    try {
      *data = self.buffer_.data();
      return static_cast<la_ssize_t>(self.source_.read(self.buffer_));
    } catch (...) {
      self.failure_ = std::current_exception();
      ::archive_set_error(reader, EIO, "reading failed");
      return -1;
    }
  }

  /// Throws what libarchive's answer means, if it is not a good one.
  void check(archive *reader, int result) const
  {
    if (failure_)
      std::rethrow_exception(failure_);
    if (result == ARCHIVE_OK || result == ARCHIVE_EOF)
      return;
    const char *const why = ::archive_error_string(reader);
    fail(Kind::untrusted, "the archive is damaged: {}", why != nullptr ? why : "bad data");
  }

  /// Reads on behind the end mark of the archive, so that a compressed stream is checked whole.
  void drain()
  {
    while (source_.read(buffer_) == buffer_.size())
      continue;
  }

private:
  UnpackedFile source_;
  std::vector<std::byte> buffer_;
  std::exception_ptr failure_;
};

Archive open_archive(Input &input)
{
  Archive reader(::archive_read_new());
  if (!reader)
    fail(Kind::no_space, "there is not enough memory to read an archive");
  input.check(reader.get(), ::archive_read_support_format_tar(reader.get()));
  input.check(reader.get(),
              ::archive_read_open(reader.get(), &input, nullptr, Input::read, nullptr));
  return reader;
}

bool has_control_character(std::string_view text)
{
  return std::any_of(text.begin(), text.end(), [](char one) {
    return (one >= '\0' && one < ' ') || one == '\x7f';
  });
}

/// The path beneath the root, "" for the root itself.
std::string checked_path(std::string_view name, std::string_view what)
{
  if (name.empty())
    fail(Kind::untrusted, "{} is empty", what);
  if (name.starts_with('/'))
    fail(Kind::untrusted, "{} is absolute", what);
  if (has_control_character(name))
    fail(Kind::untrusted, "{} has a control character in it", what);
  std::string path;
  while (!name.empty()) {
    const std::string_view component = name.substr(0, name.find('/'));
    name.remove_prefix(std::min(component.size() + 1, name.size()));
    if (component.empty() || component == ".")
      continue;
    if (component == "..")
      fail(Kind::untrusted, "{} has \"..\" in it", what);
    if (component.size() > longest_name)
      fail(Kind::untrusted, "{} has a part of more than {} bytes", what, longest_name);
    if (!path.empty())
      path += '/';
    path += component;
  }
  if (path.size() > longest_path)
    fail(Kind::untrusted, "{} is longer than {} bytes", what, longest_path);
  return path;
}

/// A name as it can be printed on one line.
std::string printable(const char *name)
{
  std::string text = name != nullptr ? name : "(no name)";
  for (char &one : text)
    if (has_control_character(std::string_view(&one, 1)))
      one = '?';
  constexpr std::size_t enough = 200;
  if (text.size() > enough)
    text = text.substr(0, enough) + "…";
  return text;
}

std::uint32_t checked_id(std::int64_t id, std::string_view what)
{
  // The last number means "leave it" to the kernel.
  if (id < 0 || id >= std::numeric_limits<std::uint32_t>::max())
    fail(Kind::untrusted, "its {} {} is out of range", what, id);
  return static_cast<std::uint32_t>(id);
}

std::int64_t checked_time(archive_entry *entry)
{
  constexpr std::int64_t second = 1'000'000;
  constexpr std::int64_t largest = std::int64_t{1} << 40U;
  const std::int64_t seconds = ::archive_entry_mtime(entry);
  if (seconds > largest || seconds < -largest)
    fail(Kind::untrusted, "its modification time {} is out of range", seconds);
  return seconds * second + ::archive_entry_mtime_nsec(entry) / 1000;
}

class Extraction {
public:
  Extraction(Sys &sys, const Dir &into, const TreeLimits &limits)
      : sys_(sys), limits_(limits), tree_(sys, into)
  {
  }

  void run(const Fd &file);

private:
  void extract(archive_entry *entry);
  void extract_file(const std::string &path, archive_entry *entry);
  void extract_device(const std::string &path, archive_entry *entry);
  void copy_data(const Fd &file, std::uint64_t size);
  std::uint64_t checked_size(archive_entry *entry);
  InodeAttributes attributes(archive_entry *entry) const;

  Sys &sys_;
  const TreeLimits &limits_;
  TreeWriter tree_;
  Input *input_ = nullptr;
  archive *reader_ = nullptr;
  std::uint64_t entries_ = 0;
  std::uint64_t size_ = 0;
};

InodeAttributes Extraction::attributes(archive_entry *entry) const
{
  InodeAttributes result;
  const bool recorded = limits_.owners == Owners::recorded;
  result.attributes.mode = kept_mode(::archive_entry_perm(entry), limits_.owners);
  result.attributes.modified_us = checked_time(entry);
  if (recorded) {
    result.attributes.owner = checked_id(::archive_entry_uid(entry), "owner");
    result.attributes.group = checked_id(::archive_entry_gid(entry), "group");
  }
  const char *name = nullptr;
  const void *value = nullptr;
  std::size_t size = 0;
  ::archive_entry_xattr_reset(entry);
  while (::archive_entry_xattr_next(entry, &name, &value, &size) == ARCHIVE_OK) {
    const std::string_view key = name != nullptr ? name : "";
    if (keeps_extended(key, limits_.owners))
      result.extended.push_back(
          {std::string(key), std::string(static_cast<const char *>(value), size)});
  }
  add_access_lists(entry, result.extended);
  return result;
}

std::uint64_t Extraction::checked_size(archive_entry *entry)
{
  const std::int64_t size = ::archive_entry_size(entry);
  if (size < 0)
    fail(Kind::untrusted, "its size {} is negative", size);
  if (static_cast<std::uint64_t>(size) > limits_.size - size_)
    fail(Kind::untrusted,
         "with it the files come to more than the {} bytes that are allowed",
         limits_.size);
  size_ += static_cast<std::uint64_t>(size);
  return static_cast<std::uint64_t>(size);
}

/// Writes the pieces of a file where they belong; what is between them stays a hole.
void Extraction::copy_data(const Fd &file, std::uint64_t size)
{
  std::uint64_t end = 0;
  for (;;) {
    const void *data = nullptr;
    std::size_t count = 0;
    la_int64_t offset = 0;
    const int result = ::archive_read_data_block(reader_, &data, &count, &offset);
    input_->check(reader_, result);
    if (result == ARCHIVE_EOF)
      break;
    const auto start = static_cast<std::uint64_t>(offset);
    if (offset < 0 || start > size || count > size - start)
      fail(Kind::untrusted, "its map of holes leads beyond its end");
    if (count > 0)
      sys_.write_at(file, start, {static_cast<const std::byte *>(data), count});
    end = std::max(end, start + count);
  }
  if (end < size)
    sys_.resize(file, size);
}

void Extraction::extract_file(const std::string &path, archive_entry *entry)
{
  const std::uint64_t size = checked_size(entry);
  const InodeAttributes wanted = attributes(entry);
  Fd file = tree_.file(path);
  copy_data(file, size);
  tree_.complete(std::move(file), wanted);
}

void Extraction::extract_device(const std::string &path, archive_entry *entry)
{
  if (limits_.devices == Devices::refuse)
    fail(Kind::untrusted, "it is a device node, which is not allowed here");
  tree_.node(path, ::archive_entry_filetype(entry), ::archive_entry_rdev(entry), attributes(entry));
}

void Extraction::extract(archive_entry *entry)
{
  const char *const name = ::archive_entry_pathname(entry);
  const std::string path = checked_path(name != nullptr ? name : "", "its name");
  const mode_t type = ::archive_entry_filetype(entry);
  if (path.empty() && type != AE_IFDIR)
    fail(Kind::untrusted, "it names the root of the tree, but is no directory");
  if (const char *const target = ::archive_entry_hardlink(entry)) {
    tree_.hard_link(path, checked_path(target, "the target of the hard link"));
    return; // data that pax may repeat here are those of the target
  }
  switch (type) {
  case AE_IFREG:
    return extract_file(path, entry);
  case AE_IFDIR:
    return tree_.directory(path, attributes(entry));
  case AE_IFLNK: {
    const char *const link = ::archive_entry_symlink(entry);
    const std::string_view target = link != nullptr ? link : "";
    if (target.empty() || target.size() > longest_path || has_control_character(target))
      fail(Kind::untrusted,
           "its target is empty, longer than {} bytes, or has a control character in it",
           longest_path);
    return tree_.symlink(path, std::string(target), attributes(entry));
  }
  case AE_IFIFO:
    return tree_.node(path, S_IFIFO, 0, attributes(entry));
  case AE_IFCHR:
  case AE_IFBLK:
    return extract_device(path, entry);
  default:
    fail(Kind::untrusted, "it is of an unknown kind");
  }
}

void Extraction::run(const Fd &file)
{
  const Utf8Names names;
  Input input(file, limits_.size);
  const Archive reader = open_archive(input);
  input_ = &input;
  reader_ = reader.get();
  archive_entry *entry = nullptr;
  for (;;) {
    const int result = ::archive_read_next_header(reader.get(), &entry);
    if (result == ARCHIVE_EOF)
      break;
    const std::string member =
        result == ARCHIVE_WARN || result == ARCHIVE_OK
            ? fmt::format("unpacking the member \"{}\"", printable(::archive_entry_pathname(entry)))
            : fmt::format("unpacking what follows member {}", entries_);
    during(member, [&] {
      input.check(reader.get(), result);
      if (++entries_ > limits_.entries)
        fail(Kind::untrusted, "the archive has more than the {} members allowed", limits_.entries);
      extract(entry);
    });
  }
  input.check(reader.get(), ARCHIVE_OK);
  input.drain();
  tree_.finish();
}

} // namespace

void extract_tar(Sys &sys, const Fd &archive, const Dir &into, const TreeLimits &limits)
{
  Extraction(sys, into, limits).run(archive);
}

} // namespace base
