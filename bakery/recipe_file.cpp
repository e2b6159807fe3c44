// SPDX-License-Identifier: Apache-2.0
#include "bakery/recipe_file.hpp"

#include "bakery/field.hpp"
#include "bakery/recipe_words.hpp"
#include "base/printable.hpp"
#include "base/version.hpp"

#include <algorithm>
#include <array>

namespace bakery {

namespace {

using base::printable;

constexpr std::array<std::string_view, 4> class_words = {"sysext", "confext", "root", "usr"};
constexpr std::array<std::string_view, 2> format_words = {"erofs", "squashfs"};
constexpr std::array<std::string_view, 3> compression_words = {"best", "fast", "none"};
constexpr std::array<std::string_view, 2> container_words = {"naked", "ddi"};

const std::array<Field<Match>, 3> match_fields{{
    {"os",
     [](Match &match, const FieldReader &reader, const Yaml &value) {
       match.os = reader.text(value, "os");
     }},
    {"version",
     [](Match &match, const FieldReader &reader, const Yaml &value) {
       match.version = reader.text(value, "version");
     }},
    {"level",
     [](Match &match, const FieldReader &reader, const Yaml &value) {
       match.level = reader.text(value, "level");
     }},
}};

Match read_match(const FieldReader &reader, const Yaml &value)
{
  Match match;
  if (value.kind == Yaml::Kind::scalar && value.text == any_architecture)
    return match;
  if (value.kind == Yaml::Kind::scalar)
    reader.fail(value, "match", "\"any\", or fields of os, version and level are expected");
  read_object<Match>(match, reader, value, "match", match_fields);
  for (const std::string *text : {&match.os, &match.version, &match.level})
    if (!consists_of(*text, "._-"))
      reader.fail(value, "match", "letters, digits, \".\", \"_\" and \"-\" are expected");
  if (match.os == "_any")
    reader.fail(value, "match", "it needs \"os\", the ID of the system; or write \"match: any\"");
  if (match.version.empty() && match.level.empty())
    reader.fail(value,
                "match",
                "it needs version or level: without, no system that has a version takes it");
  return match;
}

const std::array<Field<VersionFrom>, 3> version_fields{{
    {"package",
     [](VersionFrom &version, const FieldReader &reader, const Yaml &value) {
       version.package = reader.text(value, "package");
     }},
    {"file",
     [](VersionFrom &version, const FieldReader &reader, const Yaml &value) {
       version.file = reader.relative_path(value, "file");
     }},
    {"after",
     [](VersionFrom &version, const FieldReader &reader, const Yaml &value) {
       version.after = reader.text(value, "after");
     }},
}};

void read_version(Recipe &recipe, const FieldReader &reader, const Yaml &value)
{
  if (value.kind == Yaml::Kind::mapping) {
    VersionFrom from;
    read_object<VersionFrom>(from, reader, value, "version", version_fields);
    if (from.package.empty() == from.file.empty())
      reader.fail(value, "version", "it is found in either a package or a file");
    if (from.file.empty() && !from.after.empty())
      reader.fail(value, "version", "\"after\" goes with a file only");
    recipe.version_from = from;
    return;
  }
  recipe.version = reader.text(value, "version");
  if (!base::is_valid_version(recipe.version) || recipe.version.find('_') != std::string::npos)
    reader.fail(value,
                "version",
                "letters, digits, \".\", \"-\", \"~\", \"^\" and \"+\" are expected; "
                "\"_\" parts the version from the architecture");
}

Allowance read_allowance(const FieldReader &reader, const Yaml &key, const Yaml &value)
{
  return {.rule = key.text, .reason = reader.text(value, fmt::format("allow.{}", key.text))};
}

void put_release_field(Recipe &recipe,
                       const FieldReader &reader,
                       const Yaml &key,
                       const Yaml &value)
{
  static constexpr std::array<std::string_view, 8> ours = {"ID",
                                                           "VERSION_ID",
                                                           "SYSEXT_LEVEL",
                                                           "CONFEXT_LEVEL",
                                                           "ARCHITECTURE",
                                                           "EXTENSION_RESTART_UNITS",
                                                           "EXTENSION_RELOAD_OR_RESTART_UNITS",
                                                           "EXTENSION_RELOAD_MANAGER"};
  const std::string_view name = key.text;
  if (!consists_of(name, "_") || name.empty() || is_digit(name[0]) ||
      std::any_of(name.begin(), name.end(), [](char one) { return one >= 'a' && one <= 'z'; }))
    reader.fail(key, "release", "a name of capital letters, digits and \"_\" is expected");
  if (std::find(ours.begin(), ours.end(), name) != ours.end())
    reader.fail(
        key,
        "release",
        fmt::format("{} is written from match, architectures, units, restart and reload", name));
  recipe.release[key.text] = reader.text(value, fmt::format("release.{}", name));
}

const std::array<Field<Recipe>, 19> fields_of_recipe{{
    {"name",
     [](Recipe &recipe, const FieldReader &reader, const Yaml &value) {
       recipe.name = extension_name(reader, value);
     }},
    {"version", read_version},
    {"description",
     [](Recipe &recipe, const FieldReader &reader, const Yaml &value) {
       recipe.description = reader.text(value, "description");
     }},
    {"license",
     [](Recipe &recipe, const FieldReader &reader, const Yaml &value) {
       recipe.license = reader.text(value, "license");
       if (!consists_of(recipe.license, "-.+ ()"))
         reader.fail(value, "license", "an SPDX expression such as MIT is expected");
     }},
    {"class",
     [](Recipe &recipe, const FieldReader &reader, const Yaml &value) {
       recipe.image_class = static_cast<ImageClass>(reader.word(value, "class", class_words));
     }},
    {"architectures",
     [](Recipe &recipe, const FieldReader &reader, const Yaml &value) {
       recipe.architectures.clear();
       if (value.kind != Yaml::Kind::sequence)
         recipe.architectures.push_back(architecture(reader, value, "architectures"));
       else
         for (const Yaml &item : value.items)
           recipe.architectures.push_back(architecture(reader, item, "architectures"));
       if (recipe.architectures.empty())
         reader.fail(value, "architectures", "at least one is expected, or any");
     }},
    {"format",
     [](Recipe &recipe, const FieldReader &reader, const Yaml &value) {
       recipe.format = static_cast<FileSystem>(reader.word(value, "format", format_words));
     }},
    {"compression",
     [](Recipe &recipe, const FieldReader &reader, const Yaml &value) {
       recipe.compression =
           static_cast<Compression>(reader.word(value, "compression", compression_words));
     }},
    {"container",
     [](Recipe &recipe, const FieldReader &reader, const Yaml &value) {
       recipe.container = static_cast<Container>(reader.word(value, "container", container_words));
     }},
    {"time",
     [](Recipe &recipe, const FieldReader &reader, const Yaml &value) {
       recipe.time = number(reader, value, "time");
       if (*recipe.time > 0xffffffffU)
         reader.fail(value, "time", "seconds since 1970 are expected, at most 32 bits of them");
     }},
    {"size-limit",
     [](Recipe &recipe, const FieldReader &reader, const Yaml &value) {
       recipe.size_limit = size(reader, value, "size-limit");
     }},
    {"match",
     [](Recipe &recipe, const FieldReader &reader, const Yaml &value) {
       recipe.match = read_match(reader, value);
     }},
    {"release",
     [](Recipe &recipe, const FieldReader &reader, const Yaml &value) {
       for (const auto &[key, each] : reader.mapping(value, "release"))
         put_release_field(recipe, reader, key, each);
     }},
    {"sources",
     [](Recipe &recipe, const FieldReader &reader, const Yaml &value) {
       for (const auto &[key, each] : reader.mapping(value, "sources"))
         recipe.sources.push_back(read_source(reader, key, each));
     }},
    {"files",
     [](Recipe &recipe, const FieldReader &reader, const Yaml &value) {
       for (const Yaml &item : reader.list(value, "files"))
         recipe.files.push_back(read_placement(reader, item));
     }},
    {"units",
     [](Recipe &recipe, const FieldReader &reader, const Yaml &value) {
       for (const Yaml &item : reader.list(value, "units"))
         recipe.units.push_back(read_unit(reader, item));
     }},
    {"restart",
     [](Recipe &recipe, const FieldReader &reader, const Yaml &value) {
       recipe.restart = unit_names(reader, value, "restart");
     }},
    {"reload",
     [](Recipe &recipe, const FieldReader &reader, const Yaml &value) {
       recipe.reload = unit_names(reader, value, "reload");
     }},
    {"allow",
     [](Recipe &recipe, const FieldReader &reader, const Yaml &value) {
       for (const auto &[key, each] : reader.mapping(value, "allow"))
         recipe.allow.push_back(read_allowance(reader, key, each));
     }},
}};

bool is_extension(const Recipe &recipe)
{
  return recipe.image_class == ImageClass::sysext || recipe.image_class == ImageClass::confext;
}

/// Sources that are named, and not there.
void check_references(const Recipe &recipe, const FieldReader &reader, const Yaml &top)
{
  for (const Placement &placement : recipe.files)
    if (!placement.source.empty() && recipe.find_source(placement.source) == nullptr)
      base::fail(base::Kind::config,
                 "{}: files: there is no source \"{}\"; name it under sources",
                 placement.where,
                 printable(placement.source));
  if (!recipe.version_from || recipe.version_from->package.empty())
    return;
  const Source *source = recipe.find_source(recipe.version_from->package);
  if (source == nullptr || source->kind != SourceKind::package)
    reader.fail(top,
                "version",
                fmt::format("\"{}\" is no source that is a package",
                            printable(recipe.version_from->package)));
}

void check_recipe(const Recipe &recipe, const FieldReader &reader, const Yaml &top)
{
  if (recipe.name.empty())
    reader.fail(top, "recipe", "it needs \"name\"");
  if (recipe.version.empty() && !recipe.version_from)
    reader.fail(top, "recipe", "it needs \"version\"");
  if (recipe.files.empty() && recipe.units.empty())
    reader.fail(top, "recipe", "it has neither files nor units, so the image would be empty");
  if (!is_extension(recipe) && !(recipe.match == Match{} && recipe.release.empty() &&
                                 recipe.restart.empty() && recipe.reload.empty()))
    reader.fail(top,
                "recipe",
                fmt::format("match, release, restart and reload are for extensions, and this is of "
                            "class {}",
                            name(recipe.image_class)));
  check_references(recipe, reader, top);
}

} // namespace

Recipe parse_recipe(std::string_view text, const std::string &file)
{
  const FieldReader reader(file);
  const Yaml top = parse_yaml(text, file);
  Recipe recipe;
  read_object<Recipe>(recipe, reader, top, "recipe", fields_of_recipe);
  check_recipe(recipe, reader, top);
  return recipe;
}

std::vector<FieldNames> recipe_fields()
{
  std::vector<FieldNames> names = part_fields();
  names.push_back(names_in<Recipe>("recipe", fields_of_recipe));
  names.push_back(names_in<Match>("match", match_fields));
  names.push_back(names_in<VersionFrom>("version", version_fields));
  return names;
}

} // namespace bakery
