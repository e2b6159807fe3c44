// SPDX-License-Identifier: Apache-2.0
#include "cli/contents.hpp"

#include <algorithm>
#include <array>
#include <ctime>
#include <functional>
#include <set>
#include <string_view>

namespace cli {

namespace {

using updater::Instance;
using updater::ResourceKind;

/// Columns of one group come and go together.
enum class Group { partition, file, size, tries, no_auto, read_only, grow, hash };

/// One column: its header, its key in JSON, and where its cells come from.
struct Detail {
  Group group;
  const char *header;
  const char *key;
  Align align;
  std::function<Value(const Instance &)> value;
  std::function<std::string(const Value &)> text;
};

template <typename Field> Value value_of(const std::optional<Field> &field)
{
  return field ? Value(*field) : Value();
}

std::string plain(const Value &value)
{
  return value.is_string() ? value.get<std::string>() : value.dump();
}

std::string word(const Value &value)
{
  return value.get<bool>() ? "yes" : "no";
}

/// A column whose cells are one field of the metadata.
template <auto Field>
Detail detail(Group group,
              const char *header,
              const char *key,
              Align align,
              std::function<std::string(const Value &)> text)
{
  const auto value = [](const Instance &instance) { return value_of(instance.metadata.*Field); };
  return {group, header, key, align, value, std::move(text)};
}

Value uuid_of(const Instance &instance)
{
  const auto &field = instance.metadata.partition_uuid;
  return field ? Value(field->text()) : Value();
}

Value digest_of(const Instance &instance)
{
  const auto &field = instance.metadata.sha256;
  return field ? Value(verity::hex(*field)) : Value();
}

std::string flags_text(const Value &value)
{
  return fmt::format("{:x}", value.get<std::uint64_t>());
}

std::string time_of(const Value &value)
{
  return time_text(value.get<std::uint64_t>());
}

std::string mode_text(const Value &value)
{
  return fmt::format("{:04o}", value.get<unsigned>());
}

std::string bytes_text(const Value &value)
{
  return size_text(value.get<std::uint64_t>());
}

std::vector<Detail> details()
{
  using M = updater::Metadata;
  using G = Group;
  constexpr Align left = Align::left;
  constexpr Align right = Align::right;
  return {
      {G::partition, "PTUUID", "ptuuid", left, uuid_of, plain},
      detail<&M::partition_flags>(G::partition, "PTFLAGS", "ptflags", right, flags_text),
      detail<&M::modified_us>(G::file, "MTIME", "mtime", right, time_of),
      detail<&M::mode>(G::file, "MODE", "mode", right, mode_text),
      detail<&M::size>(G::size, "SIZE", "size", right, bytes_text),
      detail<&M::tries_done>(G::tries, "TRIES-DONE", "tries-done", right, plain),
      detail<&M::tries_left>(G::tries, "TRIES-LEFT", "tries-left", right, plain),
      detail<&M::no_auto>(G::no_auto, "NOAUTO", "noauto", left, word),
      detail<&M::read_only>(G::read_only, "RO", "ro", left, word),
      detail<&M::grow_file_system>(G::grow, "GROWFS", "growfs", left, word),
      {G::hash, "SHA256", "sha256", left, digest_of, plain},
  };
}

struct Row {
  std::string type;
  const Instance *instance;
};

/// What there is to show, and the columns in which some row has a value.
struct Shown {
  std::vector<Row> rows;
  std::vector<Detail> columns;
};

std::vector<Row> rows_of(const std::vector<updater::Holding> &holdings,
                         const updater::UpdateSet &set)
{
  std::vector<Row> rows;
  for (std::size_t index = 0; index < set.parts.size(); ++index) {
    const auto &part = set.parts[index];
    const auto &transfer = holdings[index].transfer;
    if (part.on_target)
      rows.push_back({std::string(updater::name(transfer.target.kind)), &*part.on_target});
    else if (part.on_source)
      rows.push_back({std::string(updater::name(transfer.source.kind)), &*part.on_source});
  }
  return rows;
}

Shown what_to_show(const std::vector<updater::Holding> &holdings, const updater::UpdateSet &set)
{
  Shown shown{rows_of(holdings, set), {}};
  std::set<Group> groups;
  for (const Detail &detail : details())
    for (const Row &row : shown.rows)
      if (!detail.value(*row.instance).is_null())
        groups.insert(detail.group);
  const auto has_target = [&](bool partition) {
    return std::any_of(holdings.begin(), holdings.end(), [&](const updater::Holding &holding) {
      return (holding.transfer.target.kind == ResourceKind::partition) == partition;
    });
  };
  if (!has_target(true))
    groups.erase(Group::partition);
  if (!has_target(false))
    groups.erase(Group::file);
  for (Detail &detail : details())
    if (groups.contains(detail.group))
      shown.columns.push_back(std::move(detail));
  return shown;
}

} // namespace

Value contents_json(const std::vector<updater::Holding> &holdings, const updater::UpdateSet &set)
{
  const Shown shown = what_to_show(holdings, set);
  Value contents = Value::array();
  for (const Row &row : shown.rows) {
    Value entry;
    entry["type"] = row.type;
    entry["path"] = row.instance->path;
    for (const Detail &column : shown.columns)
      entry[column.key] = column.value(*row.instance);
    contents.push_back(std::move(entry));
  }
  return contents;
}

Table contents_table(const std::vector<updater::Holding> &holdings, const updater::UpdateSet &set)
{
  const Shown shown = what_to_show(holdings, set);
  std::vector<Column> headers = {{"TYPE", Align::left}, {"PATH", Align::left}};
  for (const Detail &column : shown.columns)
    headers.push_back({column.header, column.align});
  Table table(std::move(headers));
  for (const Row &row : shown.rows) {
    std::vector<std::string> cells = {row.type, row.instance->path};
    for (const Detail &column : shown.columns) {
      const Value value = column.value(*row.instance);
      cells.push_back(value.is_null() ? "-" : column.text(value));
    }
    table.add(std::move(cells));
  }
  return table;
}

std::string time_text(std::uint64_t microseconds)
{
  const auto seconds = static_cast<std::time_t>(microseconds / 1'000'000);
  if (seconds == 0)
    return "-"; // the epoch stands for a time that nobody knows
  std::tm parts{};
  ::localtime_r(&seconds, &parts);
  std::array<char, 64> text{};
  const std::size_t length =
      std::strftime(text.data(), text.size(), "%a %Y-%m-%d %H:%M:%S %Z", &parts);
  return {text.data(), length};
}

std::string size_text(std::uint64_t bytes)
{
  std::uint64_t unit = 1;
  std::size_t letter = 0;
  constexpr std::string_view letters = "BKMGTPE";
  while (letter + 1 < letters.size() && bytes / unit >= 1024) {
    unit *= 1024;
    ++letter;
  }
  if (letter == 0)
    return fmt::format("{}B", bytes);
  const std::uint64_t tenths = bytes / (unit / 1024) * 10 / 1024 % 10;
  return tenths == 0 ? fmt::format("{}{}", bytes / unit, letters[letter])
                     : fmt::format("{}.{}{}", bytes / unit, tenths, letters[letter]);
}

} // namespace cli
