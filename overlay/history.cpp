// SPDX-License-Identifier: Apache-2.0
#include "overlay/history.hpp"

#include "base/durable.hpp"
#include "base/error.hpp"
#include "base/parse.hpp"

#include <algorithm>

namespace overlay {

namespace {

using base::Kind;

constexpr std::string_view state_path = "/var/lib/strake/extensions";
constexpr std::string_view generations_path = "/var/lib/strake/extensions/generations";
constexpr std::string_view held_name = "held";
constexpr std::string_view suffix = ".json";
constexpr std::size_t text_limit = std::size_t{8} << 20U;

/// "12.json" gives 12.
std::optional<std::uint64_t> number_of(std::string_view file)
{
  if (!file.ends_with(suffix))
    return std::nullopt;
  file.remove_suffix(suffix.size());
  return base::parse_number(file);
}

std::string file_of(std::uint64_t number)
{
  return fmt::format("{}{}", number, suffix);
}

std::vector<std::uint64_t> numbers_in(const base::Dir &dir)
{
  std::vector<std::uint64_t> numbers;
  for (const base::DirEntry &entry : dir.entries())
    if (const auto number = number_of(entry.name))
      numbers.push_back(*number);
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

std::optional<Generation> read_one(const base::Dir &dir, std::uint64_t number)
{
  const auto text = dir.text(file_of(number), text_limit);
  auto generation = text ? parse_generation(*text) : std::nullopt;
  if (generation && generation->number != number)
    return std::nullopt;
  return generation;
}

void forget_oldest(const base::Host &host, const base::Dir &dir, std::uint64_t kept)
{
  std::vector<std::uint64_t> numbers = numbers_in(dir);
  if (numbers.size() <= kept)
    return;
  const auto held = held_generation(host);
  numbers.resize(numbers.size() - kept);
  for (const std::uint64_t number : numbers)
    if (number != held)
      host.sys.remove(dir, file_of(number), base::Remove::file);
  host.sys.sync(dir);
}

} // namespace

std::vector<Generation> read_generations(const base::Host &host)
{
  std::vector<Generation> found;
  const auto dir = host.root.find_dir(generations_path);
  if (!dir)
    return found;
  for (const std::uint64_t number : numbers_in(*dir))
    if (auto generation = read_one(*dir, number))
      found.push_back(std::move(*generation));
  return found;
}

std::optional<Generation> latest_generation(const base::Host &host)
{
  const auto dir = host.root.find_dir(generations_path);
  if (!dir)
    return std::nullopt;
  const std::vector<std::uint64_t> numbers = numbers_in(*dir);
  for (auto number = numbers.rbegin(); number != numbers.rend(); ++number)
    if (auto generation = read_one(*dir, *number))
      return generation;
  return std::nullopt;
}

std::uint64_t last_number(const base::Host &host)
{
  const auto dir = host.root.find_dir(generations_path);
  const auto numbers = dir ? numbers_in(*dir) : std::vector<std::uint64_t>();
  return numbers.empty() ? 0 : numbers.back();
}

Generation find_generation(const base::Host &host, std::uint64_t number)
{
  const auto dir = host.root.find_dir(generations_path);
  auto found = dir ? read_one(*dir, number) : std::nullopt;
  if (!found)
    base::fail(Kind::not_found,
               "nothing is remembered of generation {}; `strake ext generations` lists those there "
               "are",
               number);
  return std::move(*found);
}

void remember(const base::Host &host, const Generation &generation, std::uint64_t kept)
{
  const base::Dir dir = base::make_path(host.sys, host.root, generations_path);
  const auto there = read_one(dir, generation.number);
  if (!there || !is_same_set(*there, generation))
    base::replace_file(host.sys, dir, file_of(generation.number), text_of(generation));
  forget_oldest(host, dir, kept);
}

std::optional<std::uint64_t> held_generation(const base::Host &host)
{
  const std::string path = fmt::format("{}/{}", state_path, held_name);
  auto text = host.root.text(path);
  if (!text)
    return std::nullopt;
  while (text->ends_with('\n'))
    text->pop_back();
  const auto number = base::parse_number(*text);
  if (!number)
    base::fail(Kind::config,
               "{} has \"{}\" where the number of a generation is expected; `strake ext release` "
               "removes it",
               host.root.display(path),
               *text);
  return number;
}

void hold(const base::Host &host, std::optional<std::uint64_t> number)
{
  if (number) {
    const base::Dir dir = base::make_path(host.sys, host.root, state_path);
    base::replace_file(host.sys, dir, held_name, fmt::format("{}\n", *number));
    return;
  }
  const auto dir = host.root.find_dir(state_path);
  if (!dir || !dir->status(held_name))
    return;
  host.sys.remove(*dir, held_name, base::Remove::file);
  host.sys.sync(*dir);
}

} // namespace overlay
