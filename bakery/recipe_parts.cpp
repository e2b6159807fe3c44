// SPDX-License-Identifier: Apache-2.0
#include "bakery/recipe_parts.hpp"

#include "bakery/recipe_words.hpp"
#include "base/parse.hpp"

#include <algorithm>
#include <array>

namespace bakery {

namespace {

void put_place(Source &source, const FieldReader &reader, const Yaml &value, SourceKind kind)
{
  static constexpr std::array<std::string_view, 4> words = {"file", "directory", "url", "package"};
  const std::string_view field = words[static_cast<std::size_t>(kind)];
  if (!source.place.values.empty())
    reader.fail(value, field, "only one of file, directory, url and package can be the source");
  source.kind = kind;
  source.place = per_architecture(reader, value, field);
}

void check_paths(const FieldReader &reader, const Yaml &value, std::string_view field)
{
  if (value.kind != Yaml::Kind::mapping)
    (void)reader.relative_path(value, field);
  else
    for (const auto &[key, each] : value.fields)
      (void)reader.relative_path(each, field);
}

const std::array<Field<Source>, 7> source_fields{{
    {"file",
     [](Source &source, const FieldReader &reader, const Yaml &value) {
       check_paths(reader, value, "file");
       put_place(source, reader, value, SourceKind::file);
     }},
    {"directory",
     [](Source &source, const FieldReader &reader, const Yaml &value) {
       check_paths(reader, value, "directory");
       put_place(source, reader, value, SourceKind::directory);
     }},
    {"url",
     [](Source &source, const FieldReader &reader, const Yaml &value) {
       put_place(source, reader, value, SourceKind::url);
       for (const auto &[architecture, url] : source.place.values)
         if (!url.starts_with("https://") && !url.starts_with("http://"))
           reader.fail(value, "url", "a URL with http:// or https:// is expected");
     }},
    {"package",
     [](Source &source, const FieldReader &reader, const Yaml &value) {
       put_place(source, reader, value, SourceKind::package);
       for (const auto &[architecture, package] : source.place.values)
         if (!consists_of(package, "+-.") || !(is_letter(package[0]) || is_digit(package[0])))
           reader.fail(value, "package", "the name of a Debian package is expected");
     }},
    {"version",
     [](Source &source, const FieldReader &reader, const Yaml &value) {
       source.package_version = reader.text(value, "version");
       if (!consists_of(source.package_version, ".+-~:") || !is_digit(source.package_version[0]))
         reader.fail(value, "version", "the version of a Debian package is expected");
     }},
    {"unpack",
     [](Source &source, const FieldReader &reader, const Yaml &value) {
       source.unpack = reader.boolean(value, "unpack");
     }},
    {"sha256",
     [](Source &source, const FieldReader &reader, const Yaml &value) {
       source.sha256 = sha256(reader, value, "sha256");
     }},
}};

void check_source(const Source &source, const FieldReader &reader, const Yaml &value)
{
  const std::string field = fmt::format("sources.{}", source.id);
  if (source.place.values.empty())
    reader.fail(value, field, "one of file, directory, url and package has to say what it is");
  const bool is_package = source.kind == SourceKind::package;
  if (is_package != !source.package_version.empty())
    reader.fail(value,
                field,
                is_package ? "a package needs its version, as \"apt-cache policy\" shows it"
                           : "only a package has a version");
  const bool comes_from_afar = is_package || source.kind == SourceKind::url;
  if (comes_from_afar && source.sha256.values.empty())
    reader.fail(value, field, "it needs sha256, since it is not beside the recipe");
  if (source.unpack && (is_package || source.kind == SourceKind::directory))
    reader.fail(value, field, "only a file or what is behind a URL is unpacked by unpack");
}

} // namespace

Source read_source(const FieldReader &reader, const Yaml &key, const Yaml &value)
{
  if (!consists_of(key.text, "-._+") || key.text.empty())
    reader.fail(
        key, "sources", "letters, digits, \"-\", \".\", \"_\" and \"+\" are expected as name");
  Source source{.id = key.text, .where = reader.place(key)};
  read_object<Source>(source, reader, value, fmt::format("sources.{}", source.id), source_fields);
  check_source(source, reader, key);
  return source;
}

namespace {

const std::array<Field<Placement>, 8> placement_fields{{
    {"to",
     [](Placement &placement, const FieldReader &reader, const Yaml &value) {
       placement.to = reader.absolute_path(value, "to");
     }},
    {"source",
     [](Placement &placement, const FieldReader &reader, const Yaml &value) {
       placement.source = reader.text(value, "source");
     }},
    {"text",
     [](Placement &placement, const FieldReader &reader, const Yaml &value) {
       placement.text = reader.long_text(value, "text");
     }},
    {"link",
     [](Placement &placement, const FieldReader &reader, const Yaml &value) {
       placement.link = reader.text(value, "link");
     }},
    {"path",
     [](Placement &placement, const FieldReader &reader, const Yaml &value) {
       placement.path = reader.relative_path(value, "path");
     }},
    {"except",
     [](Placement &placement, const FieldReader &reader, const Yaml &value) {
       if (value.kind == Yaml::Kind::sequence)
         for (const Yaml &item : value.items)
           placement.except.push_back(reader.relative_path(item, "except"));
       else
         placement.except = {reader.relative_path(value, "except")};
     }},
    {"mode",
     [](Placement &placement, const FieldReader &reader, const Yaml &value) {
       constexpr std::uint64_t all = 07777;
       const auto mode = base::parse_number(reader.text(value, "mode"), base::Radix::octal);
       if (!mode || *mode > all)
         reader.fail(value, "mode", "octal digits such as 0755 are expected");
       placement.mode = static_cast<unsigned>(*mode);
     }},
    {"libraries",
     [](Placement &placement, const FieldReader &reader, const Yaml &value) {
       placement.libraries = reader.absolute_path(value, "libraries");
     }},
}};

void check_placement(const Placement &placement, const FieldReader &reader, const Yaml &value)
{
  const int contents = (placement.source.empty() ? 0 : 1) + (placement.text ? 1 : 0) +
                       (placement.link.empty() ? 0 : 1);
  if (contents != 1)
    reader.fail(value, "files", "each entry has exactly one of source, text and link");
  if (placement.source.empty() &&
      (!placement.path.empty() || !placement.except.empty() || !placement.libraries.empty()))
    reader.fail(value, "files", "path, except and libraries go with a source only");
  if (placement.to.empty() && placement.source.empty())
    reader.fail(value, "files", "\"to\" has to say where the file is put");
  if (!placement.link.empty() && placement.mode)
    reader.fail(value, "files", "a symlink has no mode");
}

} // namespace

Placement read_placement(const FieldReader &reader, const Yaml &value)
{
  Placement placement{.to = "", .where = reader.place(value)};
  read_object<Placement>(placement, reader, value, "files", placement_fields);
  const auto &fields = value.fields;
  if (std::none_of(
          fields.begin(), fields.end(), [](const auto &field) { return field.first.text == "to"; }))
    reader.fail(value, "files", "each entry needs \"to\", the path in the image");
  check_placement(placement, reader, value);
  return placement;
}

namespace {

const std::array<Field<Unit>, 3> unit_fields{{
    {"name",
     [](Unit &unit, const FieldReader &reader, const Yaml &value) {
       unit.name = unit_name(reader, value, "name");
     }},
    {"text",
     [](Unit &unit, const FieldReader &reader, const Yaml &value) {
       unit.text = reader.long_text(value, "text");
     }},
    {"start",
     [](Unit &unit, const FieldReader &reader, const Yaml &value) {
       unit.start = unit_name(reader, value, "start");
     }},
}};

} // namespace

Unit read_unit(const FieldReader &reader, const Yaml &value)
{
  Unit unit{.name = "", .where = reader.place(value)};
  read_object<Unit>(unit, reader, value, "units", unit_fields);
  if (unit.name.empty())
    reader.fail(value, "units", "each entry needs \"name\"");
  if (!unit.text && unit.start.empty())
    reader.fail(value, "units", "an entry without text and start would do nothing");
  return unit;
}

std::vector<FieldNames> part_fields()
{
  return {names_in<Source>("source", source_fields),
          names_in<Placement>("placement", placement_fields),
          names_in<Unit>("unit", unit_fields)};
}

} // namespace bakery
