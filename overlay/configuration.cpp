// SPDX-License-Identifier: Apache-2.0
#include "overlay/configuration.hpp"

#include "base/error.hpp"
#include "base/ini.hpp"
#include "base/parse.hpp"
#include "overlay/settings.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace overlay {

namespace {

using base::Kind;
using base::Level;

/// Where systemd's files of the class and strake's own lie, most important first.
const std::array<std::string, 4> search_path = {"/etc", "/run", "/usr/local/lib", "/usr/lib"};

std::string modes()
{
  return fmt::format("{}", fmt::join(mutability_names(), ", "));
}

bool is_foreign(const base::ConfigItem &item)
{
  return item.section.starts_with("X-") || item.key.starts_with("X-");
}

/// Absolute, not the root itself, and without "." or ".." or an empty part.
bool is_hierarchy(std::string_view path)
{
  if (path.size() < 2 || !path.starts_with('/'))
    return false;
  while (!path.empty()) {
    path.remove_prefix(1); // the slash
    const std::string_view part = path.substr(0, path.find('/'));
    if (part.empty() || part == "." || part == "..")
      return false;
    path.remove_prefix(part.size());
  }
  return true;
}

std::string without_slash_at_end(std::string path)
{
  while (path.size() > 1 && path.ends_with('/'))
    path.pop_back();
  return path;
}

verity::ImagePolicy policy_of_item(const base::ConfigItem &item)
{
  try {
    return verity::ImagePolicy::parse(item.value);
  } catch (const base::Error &error) {
    // A command line is not at fault here, but this file.
    base::fail(Kind::config, "{}: ImagePolicy=: {}", item.place(), error.message());
  }
}

/// What systemd's file of the class says, as far as it says something.
struct ClassFile {
  std::optional<Mutability> mutability;
  std::optional<verity::ImagePolicy> policy;
};

void take_mutability(const base::Host &host, const base::ConfigItem &item, ClassFile &result)
{
  result.mutability = find_mutability(item.value);
  if (!result.mutability && !item.value.empty())
    host.say(Level::warning,
             "{}: Mutable={} is no mode and was ignored; there are {}",
             item.place(),
             item.value,
             modes());
}

ClassFile read_class_file(const base::Host &host, const ClassFacts &facts)
{
  const base::Config config =
      base::read_config(host.root, search_path, std::string(facts.configuration));
  for (const std::string &warning : config.warnings)
    host.log(Level::warning, warning);
  ClassFile result;
  for (const base::ConfigItem &item : config.items) {
    if (is_foreign(item))
      continue;
    const bool is_ours = item.section == facts.section;
    if (is_ours && item.key == "Mutable")
      take_mutability(host, item, result);
    else if (is_ours && item.key == "ImagePolicy" && item.value.empty())
      result.policy.reset();
    else if (is_ours && item.key == "ImagePolicy")
      result.policy = policy_of_item(item);
    else
      host.say(Level::warning,
               "{}: [{}] {}= is not known and was ignored; [{}] has Mutable= and ImagePolicy=",
               item.place(),
               item.section,
               item.key,
               facts.section);
  }
  return result;
}

std::optional<Mutability> mutability_of_item(const base::ConfigItem &item)
{
  const auto mutability = find_mutability(item.value);
  if (!mutability && !item.value.empty())
    base::fail(Kind::config,
               "{}: \"{}\" is no mutable mode; there are {}",
               item.place(),
               item.value,
               modes());
  return mutability;
}

std::optional<std::string> size_limit_of_item(const base::ConfigItem &item)
{
  auto limit = parse_size_limit(item.value);
  if (!limit && !item.value.empty())
    base::fail(Kind::config,
               "{}: \"{}\" is no size; write bytes such as 512M, or a part of the memory such as "
               "20%",
               item.place(),
               item.value);
  return limit;
}

/// An empty value takes back what was said before.
template <typename Value>
void put(std::map<std::string, Value> &map, const std::string &key, std::optional<Value> value)
{
  map.erase(key);
  if (value)
    map.emplace(key, std::move(*value));
}

/// This file is strake's own, so that nobody's older file can be in the way of reading it strictly.
void read_hierarchies_file(const base::Host &host, Configuration &result)
{
  for (const base::ConfigItem &item : base::read_own_settings(host.root, "hierarchies.conf")) {
    if (is_foreign(item))
      continue;
    const std::string hierarchy = without_slash_at_end(item.section);
    if (!is_hierarchy(hierarchy))
      base::fail(Kind::config,
                 "{}: [{}] is no hierarchy; write an absolute path such as [/opt]",
                 item.place(),
                 item.section);
    if (item.key == "Mutable")
      put(result.of_hierarchy, hierarchy, mutability_of_item(item));
    else if (item.key == "SizeLimit")
      put(result.size_limits, hierarchy, size_limit_of_item(item));
    else
      base::fail(Kind::config,
                 "{}: {}= is not known; a hierarchy has Mutable= and SizeLimit=",
                 item.place(),
                 item.key);
  }
}

std::optional<Mutability> mutability_of_environment(const base::Host &host, const ClassFacts &facts)
{
  const auto text = host.variable(facts.mutable_key);
  if (!text)
    return std::nullopt;
  const auto mutability = find_mutability(*text);
  if (!mutability)
    host.say(Level::warning,
             "${} is \"{}\", which is no mutable mode, and was ignored; there are {}",
             facts.mutable_key,
             *text,
             modes());
  return mutability;
}

bool lies_beneath(const std::string &path, std::string_view directory)
{
  return path.starts_with(directory) && path.size() > directory.size() &&
         path[directory.size()] == '/';
}

/// systemd tells each process it starts its own process id, and its children inherit a wrong one.
bool was_started_by_systemd(const base::Host &host)
{
  const auto process = host.variable("SYSTEMD_EXEC_PID");
  return process && (*process == "*" || *process == std::to_string(::getpid()));
}

/// On the kernel command line "-" and "_" are the same in names.
bool is_same_switch(std::string_view one, std::string_view other)
{
  const auto plain = [](char letter) { return letter == '_' ? '-' : letter; };
  return std::equal(one.begin(), one.end(), other.begin(), other.end(), [&](char a, char b) {
    return plain(a) == plain(b);
  });
}

std::string kernel_command_line(const base::Host &host)
{
  if (const auto instead = host.variable("SYSTEMD_PROC_CMDLINE"))
    return *instead;
  return host.machine.text("proc/cmdline").value_or("");
}

} // namespace

Configuration read_configuration(const base::Host &host,
                                 Class extension_class,
                                 std::optional<Mutability> from_option,
                                 const std::optional<std::string> &policy_from_option)
{
  const ClassFacts &class_facts = facts(extension_class);
  ClassFile file = read_class_file(host, class_facts);
  Configuration result;
  read_hierarchies_file(host, result);
  const Settings settings = read_settings(host);
  result.size_limit = settings.size_limit;
  result.indexes_kernel_modules = settings.indexes_kernel_modules;
  auto for_all = from_option;
  if (!for_all)
    for_all = mutability_of_environment(host, class_facts);
  if (for_all)
    result.of_hierarchy.clear();
  result.mutability = for_all.value_or(file.mutability.value_or(Mutability::no));
  if (policy_from_option)
    result.policy = verity::ImagePolicy::parse(*policy_from_option);
  else
    result.policy = std::move(file.policy);
  result.hierarchies = hierarchies_of(host, extension_class);
  // Set and empty means mounting without any option, which is not the same as unset.
  const auto options = host.environment.find(std::string(class_facts.mount_options_key));
  if (options != host.environment.end())
    result.mount_options = options->second;
  return result;
}

std::vector<std::string> hierarchies_of(const base::Host &host, Class extension_class)
{
  const ClassFacts &class_facts = facts(extension_class);
  const auto text = host.variable(class_facts.hierarchies_key);
  if (!text)
    return class_facts.hierarchies;
  std::vector<std::string> result;
  for (std::size_t begin = 0; begin <= text->size();) {
    const std::size_t end = std::min(text->find(':', begin), text->size());
    std::string path = without_slash_at_end(text->substr(begin, end - begin));
    if (!is_hierarchy(path))
      base::fail(Kind::usage,
                 "${}: \"{}\" is no hierarchy; write absolute paths without \".\", \"..\" and "
                 "\"//\", joined by \":\"",
                 class_facts.hierarchies_key,
                 path);
    if (std::find(result.begin(), result.end(), path) != result.end())
      base::fail(
          Kind::usage, "${} names {} twice; name it once", class_facts.hierarchies_key, path);
    result.push_back(std::move(path));
    begin = end + 1;
  }
  return result;
}

Mutability mutability_of(const Configuration &configuration, const std::string &hierarchy)
{
  const auto found = configuration.of_hierarchy.find(hierarchy);
  return found == configuration.of_hierarchy.end() ? configuration.mutability : found->second;
}

std::string size_limit_of(const Configuration &configuration, const std::string &hierarchy)
{
  const auto found = configuration.size_limits.find(hierarchy);
  return found == configuration.size_limits.end() ? configuration.size_limit : found->second;
}

verity::ImagePolicy policy_of(const Configuration &configuration,
                              const Image &image,
                              const Target &target,
                              Class extension_class)
{
  if (configuration.policy)
    return *configuration.policy;
  // Both ways lead through that partition: a symlink there to an image elsewhere, and one elsewhere
  // to an image there.
  const auto comes_from = [&](std::string_view directory) {
    return lies_beneath(image.path, directory) || lies_beneath(image.found, directory);
  };
  if (!target.is_initrd || !comes_from("/.extra"))
    return verity::ImagePolicy::parse(facts(extension_class).image_policy);
  if (comes_from("/.extra/sysext") || comes_from("/.extra/global_sysext"))
    return verity::ImagePolicy::parse("root=signed+absent:usr=signed+absent");
  if (comes_from("/.extra/confext") || comes_from("/.extra/global_confext"))
    return verity::ImagePolicy::parse("root=signed+absent");
  return verity::ImagePolicy::parse("~");
}

bool switched_off(const base::Host &host, Class extension_class)
{
  if (!was_started_by_systemd(host))
    return false;
  const bool is_own_initrd =
      host.is_running_system && host.root.target_status("etc/initrd-release").has_value();
  const std::string wanted =
      fmt::format("{}{}", is_own_initrd ? "rd." : "", facts(extension_class).kernel_switch);
  bool is_on = true;
  for (const std::string &word :
       base::split_quoted(kernel_command_line(host)).value_or(std::vector<std::string>())) {
    const std::size_t equals = word.find('=');
    if (!is_same_switch(word.substr(0, equals), wanted))
      continue;
    const auto value = equals == std::string::npos ? std::optional(true)
                                                   : base::parse_boolean(word.substr(equals + 1));
    if (value)
      is_on = *value;
    else
      host.say(Level::warning,
               "the kernel command line has {}, which is neither yes nor no and was ignored",
               word);
  }
  return !is_on;
}

} // namespace overlay
