// SPDX-License-Identifier: Apache-2.0
#include "bakery/lint_rules.hpp"
#include "base/ini.hpp"
#include "base/parse.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <sstream>

namespace bakery {

namespace {

using Names = std::set<std::string, std::less<>>;

std::string_view file_name(std::string_view path)
{
  return path.substr(path.rfind('/') + 1);
}

std::vector<std::string> words_of(std::string_view text)
{
  std::istringstream stream{std::string(text)};
  std::vector<std::string> words;
  for (std::string word; stream >> word;)
    words.push_back(word);
  return words;
}

bool has_suffix(std::string_view name, std::string_view suffix)
{
  return name.size() > suffix.size() && name.ends_with(suffix);
}

bool is_startable(std::string_view name)
{
  return has_suffix(name, ".service") || has_suffix(name, ".socket") ||
         has_suffix(name, ".timer") || has_suffix(name, ".path");
}

/// The items of a unit or drop-in. What cannot be read as one says nothing.
std::vector<base::ConfigItem> items_of(const Entry &entry)
{
  // A broken section header would end it all; systemd passes over such a line.
  std::string text;
  std::istringstream lines(entry.text);
  for (std::string line; std::getline(lines, line);)
    if (!line.starts_with('[') || line.find(']') == line.find_last_not_of(" \t\r"))
      text += line + "\n";
  return base::parse_config(text, "unit").items;
}

/// What a unit that waits for something starts then: "foo.service" of "foo.timer".
std::string triggered_by(std::string_view name)
{
  return std::string(name.substr(0, name.rfind('.'))) + ".service";
}

void add_pulled_by_unit(std::string_view name, const Entry &entry, Names &pulled)
{
  static constexpr std::array<std::string_view, 5> pulling = {
      "Wants", "Requires", "Upholds", "BindsTo", "OnSuccess"};
  bool names_another = false;
  for (const base::ConfigItem &item : items_of(entry)) {
    const bool is_target = item.key == "Unit" ||
                           (item.key == "Service" && item.section == "Socket") ||
                           item.key == "Sockets" || item.key == "OnFailure";
    names_another = names_another || (is_target && item.key != "Sockets");
    if (is_target || std::find(pulling.begin(), pulling.end(), item.key) != pulling.end())
      for (std::string &word : words_of(item.value))
        pulled.insert(std::move(word));
  }
  const bool waits =
      has_suffix(name, ".socket") || has_suffix(name, ".timer") || has_suffix(name, ".path");
  if (waits && !names_another)
    pulled.insert(triggered_by(name));
}

/// "a.service" of ".../x.target.wants/a.service".
bool is_in_pulling_directory(std::string_view path)
{
  const std::string_view directory = file_name(path.substr(0, path.rfind('/')));
  return has_suffix(directory, ".wants") || has_suffix(directory, ".requires") ||
         has_suffix(directory, ".upholds");
}

/// SystemdService= of D-Bus activation, SYSTEMD_WANTS of udev.
void add_pulled_by_text(const Entry &entry, Names &pulled)
{
  for (const std::string_view key : {"SystemdService=", "SYSTEMD_WANTS}"}) {
    for (std::size_t found = entry.text.find(key); found != std::string::npos;
         found = entry.text.find(key, found + 1)) {
      const std::size_t begin = entry.text.find_first_not_of("=+ \"", found + key.size());
      if (begin == std::string::npos)
        break;
      const std::size_t end = entry.text.find_first_of("\"\n", begin);
      for (std::string &word : words_of(entry.text.substr(begin, end - begin)))
        pulled.insert(std::move(word));
    }
  }
}

/// The names of all units that something of these contents starts.
void add_pulled(const Contents &contents, Names &pulled)
{
  for (const auto &[path, entry] : contents.entries) {
    if (entry.is_directory())
      continue;
    if (!is_unit_path(path))
      add_pulled_by_text(entry, pulled);
    else if (is_in_pulling_directory(path))
      pulled.emplace(file_name(path));
    else
      add_pulled_by_unit(file_name(path), entry, pulled);
  }
}

/// Whether a template is pulled in by one of its instances.
bool is_pulled(const std::string &name, const Names &pulled)
{
  if (pulled.contains(name))
    return true;
  const std::size_t at = name.find("@.");
  if (at == std::string::npos)
    return false;
  const std::string stem = name.substr(0, at + 1);
  return std::any_of(pulled.begin(), pulled.end(), [&](const std::string &each) {
    return each.starts_with(stem);
  });
}

/// Users and groups that systemd itself makes on every system.
const Names &users_everywhere()
{
  static const Names names = {
      "root", "nobody", "nogroup", "adm",   "audio", "cdrom",          "clock", "dialout",
      "disk", "input",  "kmem",    "kvm",   "lp",    "render",         "sgx",   "tape",
      "tty",  "users",  "utmp",    "video", "wheel", "systemd-journal"};
  return names;
}

void add_users(const Contents &contents, Names &users)
{
  for (const auto &[path, entry] : contents.entries) {
    const bool is_list = path == "etc/passwd" || path == "etc/group";
    const bool is_sysusers = path.find("/sysusers.d/") != std::string::npos;
    std::istringstream lines(is_list || is_sysusers ? entry.text : "");
    for (std::string line; std::getline(lines, line);) {
      if (is_list) {
        users.insert(line.substr(0, line.find(':')));
        continue;
      }
      const std::vector<std::string> words = words_of(line);
      if (words.size() >= 2 && words[0][0] != '#')
        users.insert(words[1]);
      if (words.size() >= 3 && words[0] == "m")
        users.insert(words[2]);
    }
  }
}

bool names_somebody(const std::string &user)
{
  return !user.empty() && user != "-" && user.find('%') == std::string::npos &&
         !base::parse_number(user);
}

/// The users that a unit runs as.
std::vector<std::string> users_of_unit(const Entry &entry)
{
  static constexpr std::array<std::string_view, 5> keys = {
      "User", "Group", "SupplementaryGroups", "SocketUser", "SocketGroup"};
  std::vector<std::string> users;
  bool is_dynamic = false;
  for (const base::ConfigItem &item : items_of(entry)) {
    if (item.key == "DynamicUser")
      is_dynamic = base::parse_boolean(item.value).value_or(false);
    else if (std::find(keys.begin(), keys.end(), item.key) != keys.end())
      for (std::string &word : words_of(item.value))
        users.push_back(std::move(word));
  }
  return is_dynamic ? std::vector<std::string>{} : users;
}

/// The users that lines of tmpfiles.d give files to.
std::vector<std::string> users_of_temporary_files(const Entry &entry)
{
  std::vector<std::string> users;
  std::istringstream lines(entry.text);
  for (std::string line; std::getline(lines, line);) {
    const std::vector<std::string> words = words_of(line);
    constexpr std::size_t user = 3;
    for (std::size_t index = user; index < std::min<std::size_t>(words.size(), user + 2); ++index)
      if (words[0][0] != '#')
        users.push_back(words[index].substr(
            std::min(words[index].find_first_not_of(':'), words[index].size())));
  }
  return users;
}

} // namespace

std::vector<Finding> find_units_not_started(const Subject &subject, const Surroundings &around)
{
  if (subject.image_class == ImageClass::root || subject.image_class == ImageClass::usr)
    return {};
  Names pulled;
  add_pulled(subject.contents, pulled);
  if (around.base != nullptr)
    add_pulled(*around.base, pulled);
  // A unit may be pulled in by another name that leads to it.
  for (const auto &[path, entry] : subject.contents.entries)
    if (is_unit_path(path) && entry.is_symlink() && is_pulled(std::string(file_name(path)), pulled))
      pulled.emplace(file_name(entry.target));
  std::vector<Finding> findings;
  for (const auto &[path, entry] : subject.contents.entries) {
    const std::string unit(file_name(path));
    if (is_unit_path(path) && entry.is_file() && is_startable(unit) &&
        !is_in_pulling_directory(path) && !is_pulled(unit, pulled))
      findings.push_back({.rule = {}, .path = "/" + path, .what = "nothing starts it"});
  }
  return findings;
}

std::vector<Finding> find_unknown_users(const Subject &subject, const Surroundings &around)
{
  Names known = users_everywhere();
  add_users(subject.contents, known);
  if (around.base != nullptr)
    add_users(*around.base, known);
  std::vector<Finding> findings;
  for (const auto &[path, entry] : subject.contents.entries) {
    std::vector<std::string> users;
    if (is_unit_path(path) && entry.is_file())
      users = users_of_unit(entry);
    else if (path.find("/tmpfiles.d/") != std::string::npos)
      users = users_of_temporary_files(entry);
    for (const std::string &user : users)
      if (names_somebody(user) && !known.contains(user))
        findings.push_back({.rule = {},
                            .path = "/" + path,
                            .what = fmt::format("nothing makes the user or group {}", user)});
  }
  return findings;
}

} // namespace bakery
