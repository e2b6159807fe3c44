// SPDX-License-Identifier: Apache-2.0
#include "support/tree_listing.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <sstream>
#include <vector>

namespace support {

namespace {

std::string extended(const std::string &path)
{
  std::string names(XATTR_LIST_MAX, '\0');
  const ssize_t size = ::llistxattr(path.c_str(), names.data(), names.size());
  names.resize(static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
  std::map<std::string, std::string> values;
  for (std::size_t at = 0; at < names.size(); at += std::strlen(&names[at]) + 1) {
    std::string value(XATTR_SIZE_MAX, '\0');
    const ssize_t length = ::lgetxattr(path.c_str(), &names[at], value.data(), value.size());
    value.resize(static_cast<std::size_t>(std::max<ssize_t>(length, 0)));
    values[&names[at]] = value;
  }
  std::string text;
  for (const auto &[name, value] : values) {
    text += " " + name + "=";
    for (const char one : value)
      text += fmt::format("{:02x}", static_cast<unsigned char>(one));
  }
  return text;
}

std::string content(const std::string &path, const struct stat &status)
{
  if (S_ISLNK(status.st_mode))
    return std::filesystem::read_symlink(path).string();
  if (!S_ISREG(status.st_mode))
    return "";
  const std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return fmt::format("{:x}", std::hash<std::string>{}(text.str()));
}

std::string time_of(const struct stat &status, Times times)
{
  std::string text = fmt::format("{}", status.st_mtim.tv_sec);
  if (times != Times::seconds)
    text += fmt::format(".{:06}", status.st_mtim.tv_nsec / 1000);
  if (times == Times::changes)
    text +=
        fmt::format(" {}.{:09} {}", status.st_ctim.tv_sec, status.st_ctim.tv_nsec, status.st_ino);
  return text;
}

} // namespace

std::string listing(const std::string &path, Times times, const std::string &except)
{
  std::vector<std::string> names{""};
  auto walk = std::filesystem::recursive_directory_iterator(path);
  for (const auto &entry : walk) {
    names.push_back(entry.path().lexically_relative(path).string());
    if (names.back() == except)
      walk.disable_recursion_pending();
  }
  std::sort(names.begin(), names.end());

  std::map<ino_t, std::string> first;
  std::string text;
  for (const std::string &name : names) {
    if (!except.empty() && name == except)
      continue;
    const std::string full = path + "/" + name;
    struct stat status = {};
    if (::lstat(full.c_str(), &status) < 0)
      return "cannot look at " + full;
    const std::string &same = first.try_emplace(status.st_ino, name).first->second;
    text += fmt::format("{} {:o} {}:{} dev {} size {} links {} ({}) time {}{} {}\n",
                        name,
                        status.st_mode,
                        status.st_uid,
                        status.st_gid,
                        status.st_rdev,
                        S_ISDIR(status.st_mode) ? 0 : status.st_size,
                        S_ISDIR(status.st_mode) ? 0 : status.st_nlink,
                        same,
                        time_of(status, times),
                        extended(full),
                        content(full, status));
  }
  return text;
}

} // namespace support
