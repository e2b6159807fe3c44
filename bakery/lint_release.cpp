// SPDX-License-Identifier: Apache-2.0
#include "bakery/lint_rules.hpp"
#include "base/os_release.hpp"

#include <fmt/format.h>

namespace bakery {

namespace {

bool is_extension(const Subject &subject)
{
  return subject.image_class == ImageClass::sysext || subject.image_class == ImageClass::confext;
}

std::string release_directory(const Subject &subject)
{
  return subject.image_class == ImageClass::confext ? "etc/extension-release.d/"
                                                    : "usr/lib/extension-release.d/";
}

std::string release_file(const Subject &subject)
{
  return release_directory(subject) + "extension-release." + subject.name;
}

} // namespace

std::vector<Finding> find_wrong_release_name(const Subject &subject,
                                             const Surroundings & /*around*/)
{
  if (!is_extension(subject))
    return {};
  std::vector<Finding> findings;
  const std::string wanted = release_file(subject);
  const Entry *const found = subject.contents.find(wanted);
  if (found == nullptr || !found->is_file())
    findings.push_back(
        {.rule = {},
         .path = "/" + wanted,
         .what = fmt::format("there is no such file, by which {} is an extension", subject.name)});
  const std::string directory = release_directory(subject);
  for (auto each = subject.contents.entries.lower_bound(directory);
       each != subject.contents.entries.end() && each->first.starts_with(directory);
       ++each)
    if (each->first != wanted)
      findings.push_back({.rule = {},
                          .path = "/" + each->first,
                          .what = "it is the release file of another extension"});
  return findings;
}

std::vector<Finding> find_wrong_match(const Subject &subject, const Surroundings & /*around*/)
{
  const Entry *const file = subject.contents.find(release_file(subject));
  if (!is_extension(subject) || file == nullptr)
    return {};
  std::vector<Finding> findings;
  auto release = base::parse_assignments(file->text);
  const auto add = [&](std::string what) {
    findings.push_back({.rule = {}, .path = "/" + release_file(subject), .what = std::move(what)});
  };
  const std::string level =
      subject.image_class == ImageClass::sysext ? "SYSEXT_LEVEL" : "CONFEXT_LEVEL";
  if (release["ID"].empty())
    add("it has no ID=, so no system takes it");
  else if (release["ID"] != "_any" && release["VERSION_ID"].empty() && release[level].empty())
    add(fmt::format("it has neither VERSION_ID= nor {}=, so no system of a version takes it",
                    level));
  const std::string &architecture = release["ARCHITECTURE"];
  const bool is_any = architecture.empty() || architecture == "_any";
  if (subject.architecture != any_architecture && !is_any && architecture != subject.architecture)
    add(fmt::format(
        "it is for {}, and the image is named for {}", architecture, subject.architecture));
  return findings;
}

std::vector<Finding> find_os_release(const Subject &subject, const Surroundings & /*around*/)
{
  std::vector<Finding> findings;
  if (is_extension(subject))
    for (const char *path : {"usr/lib/os-release", "etc/os-release"})
      if (subject.contents.find(path) != nullptr)
        findings.push_back(
            {.rule = {}, .path = fmt::format("/{}", path), .what = "it says what system this is"});
  return findings;
}

std::vector<Finding> find_excess_size(const Subject &subject, const Surroundings & /*around*/)
{
  if (!subject.size || !subject.size_limit || *subject.size <= *subject.size_limit)
    return {};
  return {{.rule = {},
           .path = {},
           .what = fmt::format(
               "the image has {} bytes, and {} are allowed", *subject.size, *subject.size_limit)}};
}

} // namespace bakery
