// SPDX-License-Identifier: Apache-2.0
#include "verity/boot_marks.hpp"

#include "base/error.hpp"

#include <algorithm>
#include <array>

namespace verity {

namespace {

constexpr unsigned priority_at = 48;
constexpr unsigned tries_at = 52;
constexpr std::uint64_t successful = std::uint64_t{1} << 56U;
constexpr std::uint64_t four_bits = boot_mark_limit;

unsigned field(std::uint64_t attributes, unsigned at)
{
  return static_cast<unsigned>((attributes >> at) & four_bits);
}

const std::array<base::Uuid, 2> &types()
{
  static const std::array<base::Uuid, 2> known = {
      base::Uuid::parse("fe3a2a5d-4f32-41a7-b725-accc3285a309").value(),
      base::Uuid::parse("5dfbf5f4-2848-4bac-aa5e-0d9a20b745a6").value()};
  return known;
}

void set_priority(GptEntry &entry, unsigned priority)
{
  BootMarks marks = boot_marks(entry);
  marks.priority = priority;
  set_boot_marks(entry, marks);
}

/// Makes room above all of these, which come in their order.
void number_anew(GptTable &table, const std::vector<unsigned> &numbers)
{
  unsigned before = 0;
  unsigned priority = boot_mark_limit;
  for (const unsigned number : numbers) {
    GptEntry &entry = table.entry(number);
    const unsigned present = boot_marks(entry).priority;
    if (present == 0)
      return;
    if (present != before && priority > 1)
      --priority;
    before = present;
    set_priority(entry, priority);
  }
}

} // namespace

bool has_boot_marks(const base::Uuid &type)
{
  return std::find(types().begin(), types().end(), type) != types().end();
}

BootMarks boot_marks(const GptEntry &entry)
{
  return {.priority = field(entry.attributes, priority_at),
          .tries = field(entry.attributes, tries_at),
          .is_successful = (entry.attributes & successful) != 0};
}

void set_boot_marks(GptEntry &entry, const BootMarks &marks)
{
  if (marks.priority > boot_mark_limit || marks.tries > boot_mark_limit)
    base::fail(base::Kind::internal,
               "priority {} and {} tries do not fit into a partition's attributes",
               marks.priority,
               marks.tries);
  entry.attributes &= ~((four_bits << priority_at) | (four_bits << tries_at) | successful);
  entry.attributes |= std::uint64_t{marks.priority} << priority_at;
  entry.attributes |= std::uint64_t{marks.tries} << tries_at;
  if (marks.is_successful)
    entry.attributes |= successful;
}

std::vector<unsigned> boot_order(const GptTable &table)
{
  std::vector<unsigned> numbers;
  for (const GptEntry &entry : table.entries)
    if (entry.used() && has_boot_marks(entry.type))
      numbers.push_back(entry.number);
  std::stable_sort(numbers.begin(), numbers.end(), [&](unsigned one, unsigned other) {
    return boot_marks(table.entry(one)).priority > boot_marks(table.entry(other)).priority;
  });
  return numbers;
}

std::optional<unsigned> next_to_boot(const GptTable &table)
{
  for (const unsigned number : boot_order(table))
    if (boot_marks(table.entry(number)).can_boot())
      return number;
  return std::nullopt;
}

void put_first(GptTable &table, unsigned number, const BootMarks &marks)
{
  std::vector<unsigned> others = boot_order(table);
  std::erase(others, number);
  const auto highest = [&] {
    return others.empty() ? 0 : boot_marks(table.entry(others.front())).priority;
  };
  if (highest() >= boot_mark_limit)
    number_anew(table, others);
  BootMarks first = marks;
  first.priority = highest() + 1;
  set_boot_marks(table.entry(number), first);
}

} // namespace verity
