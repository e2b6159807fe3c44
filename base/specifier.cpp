// SPDX-License-Identifier: Apache-2.0
#include "base/specifier.hpp"

#include "base/host.hpp"
#include "base/os_release.hpp"
#include "base/uuid.hpp"

#include <sys/utsname.h>

#include <algorithm>
#include <array>
#include <utility>

namespace base {

namespace {

constexpr std::string_view known_letters = "aAbBHlmMoqTvVwW";

constexpr std::array<std::pair<std::string_view, std::string_view>, 18> machines = {{
    {"x86_64", "x86-64"},
    {"i386", "x86"},
    {"i486", "x86"},
    {"i586", "x86"},
    {"i686", "x86"},
    {"aarch64", "arm64"},
    {"armv6l", "arm"},
    {"armv7l", "arm"},
    {"armv8l", "arm"},
    {"riscv64", "riscv64"},
    {"riscv32", "riscv32"},
    {"ppc64le", "ppc64-le"},
    {"ppc64", "ppc64"},
    {"ppc", "ppc"},
    {"s390x", "s390x"},
    {"loongarch64", "loongarch64"},
    {"mips64", "mips64"},
    {"mips", "mips"},
}};

std::string first_line(const std::string &text)
{
  return text.substr(0, text.find('\n'));
}

/// A file of the kernel, or what uname(2) said where /proc isn't mounted.
std::string kernel_value(const Dir &machine, std::string_view path, const char *otherwise)
{
  const auto text = machine.text(path);
  return text ? first_line(*text) : std::string(otherwise);
}

void add_id(std::map<char, std::string> &values,
            char letter,
            const std::optional<std::string> &text)
{
  const auto id = text ? Uuid::parse(first_line(*text)) : std::nullopt;
  if (!id || id->is_zero())
    return;
  std::string plain = id->text();
  plain.erase(std::remove(plain.begin(), plain.end(), '-'), plain.end());
  values[letter] = plain;
}

std::string temporary_directory(const Host &host, const char *otherwise)
{
  for (const char *name : {"TMPDIR", "TEMP", "TMP"})
    if (const auto value = host.variable(name); value && value->starts_with('/'))
      return *value;
  return otherwise;
}

} // namespace

std::string architecture_name(std::string_view machine)
{
  for (const auto &[kernel, ours] : machines)
    if (kernel == machine)
      return std::string(ours);
  return std::string(machine);
}

std::string native_architecture()
{
  utsname kernel = {};
  ::uname(&kernel);
  return architecture_name(static_cast<const char *>(kernel.machine));
}

Specifiers read_specifiers(const Host &host)
{
  utsname kernel = {};
  ::uname(&kernel);
  Specifiers result;
  std::map<char, std::string> &values = result.values;
  result.architecture = architecture_name(kernel_value(
      host.machine, "proc/sys/kernel/arch", static_cast<const char *>(kernel.machine)));
  values['a'] = result.architecture;
  values['v'] = kernel_value(
      host.machine, "proc/sys/kernel/osrelease", static_cast<const char *>(kernel.release));
  values['H'] = kernel_value(
      host.machine, "proc/sys/kernel/hostname", static_cast<const char *>(kernel.nodename));
  values['l'] = values['H'].substr(0, values['H'].find('.'));
  add_id(values, 'b', host.machine.text("proc/sys/kernel/random/boot_id"));
  add_id(values, 'm', host.root.text("etc/machine-id"));

  const auto release = read_os_release(host.root);
  constexpr std::array<std::pair<char, const char *>, 6> fields = {{
      {'A', "IMAGE_VERSION"},
      {'B', "BUILD_ID"},
      {'M', "IMAGE_ID"},
      {'o', "ID"},
      {'w', "VERSION_ID"},
      {'W', "VARIANT_ID"},
  }};
  for (const auto &[letter, field] : fields) {
    const auto found = release.find(field);
    values[letter] = found == release.end() ? "" : found->second;
  }
  const auto info = parse_assignments(host.root.text("etc/machine-info").value_or(""));
  const auto pretty = info.find("PRETTY_HOSTNAME");
  values['q'] = pretty == info.end() ? values['H'] : pretty->second;
  values['T'] = temporary_directory(host, "/tmp");
  values['V'] = temporary_directory(host, "/var/tmp");
  return result;
}

std::optional<std::string>
expand_specifiers(std::string_view text, const Specifiers &specifiers, char *missing)
{
  std::string result;
  for (std::size_t index = 0; index < text.size(); ++index) {
    const char letter = index + 1 < text.size() ? text[index + 1] : '\0';
    const bool is_specifier =
        letter == '%' || (letter != '\0' && known_letters.find(letter) != std::string_view::npos);
    if (text[index] != '%' || !is_specifier) {
      result += text[index];
      continue;
    }
    ++index;
    const auto value = specifiers.values.find(letter);
    if (letter == '%') {
      result += '%';
    } else if (value != specifiers.values.end()) {
      result += value->second;
    } else {
      if (missing != nullptr)
        *missing = letter;
      return std::nullopt;
    }
  }
  return result;
}

} // namespace base
