// SPDX-License-Identifier: Apache-2.0
#include "updater/suggest.hpp"

#include "base/efi_variable.hpp"
#include "base/ini.hpp"
#include "base/os_release.hpp"
#include "base/parse.hpp"
#include "base/specifier.hpp"
#include "base/uuid.hpp"
#include "updater/comparison.hpp"
#include "updater/virtualization.hpp"
#include "verity/hmac.hpp"

#include <gnu/libc-version.h>

#include <algorithm>
#include <array>
#include <utility>

namespace updater {

namespace {

using base::Host;
using Answer = std::optional<bool>; ///< nothing: the parameter is malformed

constexpr std::string_view blanks = " \t";

std::string specifier(const Host &host, char letter)
{
  const auto values = base::read_specifiers(host).values;
  const auto found = values.find(letter);
  return found == values.end() ? "" : found->second;
}

Answer test_architecture(const std::string &parameter, const Host &host)
{
  return parameter == "native" || parameter == specifier(host, 'a');
}

/// FIELD OPERATOR VALUE about one of the files that the kernel makes of SMBIOS.
Answer test_smbios(std::string_view expression, const Host &host)
{
  const auto parts = split_comparison(expression);
  if (!parts || parts->key.find('/') != std::string::npos || parts->key.starts_with('.'))
    return std::nullopt;
  const auto words = base::split_quoted(parts->rest);
  if (!words || words->size() != 1)
    return std::nullopt;
  auto actual = host.machine.text("sys/class/dmi/id/" + parts->key);
  if (!actual)
    return false;
  actual->erase(actual->find_last_not_of(" \t\n") + 1);
  return Comparison{parts->relation, words->front()}.holds(*actual);
}

Answer test_device_tree(std::string_view wanted, const Host &host)
{
  std::string list = host.machine.text("proc/device-tree/compatible").value_or("");
  while (!list.empty()) {
    const std::size_t end = std::min(list.find('\0'), list.size());
    if (list.substr(0, end) == wanted)
      return true;
    list.erase(0, end + 1);
  }
  return false;
}

Answer test_firmware(const std::string &parameter, const Host &host)
{
  if (parameter == "uefi")
    return host.machine.status("sys/firmware/efi").has_value();
  if (parameter == "device-tree")
    return host.machine.status("sys/firmware/devicetree").has_value();
  const std::string_view text = parameter;
  constexpr std::string_view smbios = "smbios-field(";
  constexpr std::string_view compatible = "device-tree-compatible(";
  if (text.starts_with(smbios))
    return text.ends_with(')')
               ? test_smbios(text.substr(smbios.size(), text.size() - smbios.size() - 1), host)
               : std::nullopt;
  if (text.starts_with(compatible) && text.ends_with(')'))
    return test_device_tree(text.substr(compatible.size(), text.size() - compatible.size() - 1),
                            host);
  return false;
}

Answer test_virtualization(const std::string &parameter, const Host &host)
{
  if (parameter == "private-users")
    return has_private_users(host.machine);
  const Virtualization found = detect_virtualization(host.machine);
  if (const auto wanted = base::parse_boolean(parameter))
    return *wanted == (found.kind != Virtualization::Kind::none);
  if (parameter == "vm")
    return found.kind == Virtualization::Kind::vm;
  if (parameter == "container")
    return found.kind == Virtualization::Kind::container;
  return !found.id.empty() && found.id == parameter;
}

Answer test_host(const std::string &parameter, const Host &host)
{
  if (const auto wanted = base::Uuid::parse(parameter))
    return base::Uuid::parse(specifier(host, 'm')) == wanted;
  return fits_glob(parameter, specifier(host, 'H'), Case::ignored);
}

/// "12.5%" in hundredths of a per cent.
std::optional<std::uint64_t> parse_percentage(std::string_view text)
{
  if (!text.ends_with('%'))
    return std::nullopt;
  text.remove_suffix(1);
  const std::size_t point = text.find('.');
  const auto whole = base::parse_number(text.substr(0, point));
  std::string digits(point == std::string_view::npos ? "0" : text.substr(point + 1));
  if (digits.size() == 1)
    digits += '0';
  const auto hundredths = base::parse_number(digits);
  if (!whole || !hundredths || digits.size() > 2 || *whole > 100)
    return std::nullopt;
  const std::uint64_t result = *whole * 100 + *hundredths;
  return result <= 10000 ? std::optional(result) : std::nullopt;
}

/// "[TAG] PERCENTAGE". Each machine has one place in the row of all machines for each tag, the
/// same that systemd gives it, so that both offer the same to the same machines.
Answer test_fraction(const std::string &parameter, const Host &host)
{
  const auto words = base::split_quoted(parameter);
  if (!words || words->empty() || words->size() > 2)
    return std::nullopt;
  const auto wanted = parse_percentage(words->back());
  const auto machine = base::Uuid::parse(specifier(host, 'm'));
  if (!wanted || !machine)
    return std::nullopt;
  const std::string message = "systemd-fraction-" + (words->size() == 2 ? words->front() : "");
  const verity::Sha256 digest = verity::hmac_sha256(std::as_bytes(std::span(machine->bytes)),
                                                    std::as_bytes(std::span(message)));
  std::uint64_t place = 0;
  for (std::size_t index = 4; index-- > 0;)
    place = place << 8U | std::to_integer<std::uint64_t>(digest[index]);
  return (place * 10000 >> 32U) < *wanted;
}

Answer test_command_line(const std::string &parameter, const Host &host)
{
  const auto words = base::split_quoted(host.machine.text("proc/cmdline").value_or(""));
  if (!words)
    return false;
  const bool has_value = parameter.find('=') != std::string::npos;
  return std::any_of(words->begin(), words->end(), [&](const std::string &word) {
    return word == parameter || (!has_value && word.starts_with(parameter + "="));
  });
}

/// The number in the name of systemd's own library; empty without systemd.
std::string systemd_version(const Host &host)
{
  constexpr std::string_view beginning = "libsystemd-shared-";
  constexpr std::string_view ending = ".so";
  std::vector<std::string> places = {"usr/lib/systemd", "usr/lib64/systemd"};
  if (const auto dir = host.machine.find_dir("usr/lib"))
    for (const base::DirEntry &entry : dir->entries())
      if (entry.name.find("-linux-") != std::string::npos)
        places.push_back("usr/lib/" + entry.name + "/systemd");
  for (const std::string &place : places)
    if (const auto dir = host.machine.find_dir(place))
      for (const base::DirEntry &entry : dir->entries())
        if (entry.name.starts_with(beginning) && entry.name.ends_with(ending))
          return entry.name.substr(beginning.size(),
                                   entry.name.size() - beginning.size() - ending.size());
  return {};
}

/// Comparisons that must all hold; without an operator a word is a shell pattern. Only after the
/// first operator a space may stand.
Answer test_comparisons(std::string_view text, const std::string &actual)
{
  const auto words = base::split_quoted(text);
  if (!words)
    return std::nullopt;
  for (std::size_t index = 0; index < words->size(); ++index) {
    std::string_view rest = (*words)[index];
    const auto relation = take_operator(rest);
    if (rest.empty() && (index != 0 || words->size() < 2))
      return std::nullopt;
    Comparison comparison{relation.value_or(Comparison::Operator::matches), std::string(rest)};
    if (rest.empty())
      comparison.value = (*words)[++index];
    if (!comparison.holds(actual))
      return false;
  }
  return true;
}

Answer test_version(const std::string &parameter, const Host &host)
{
  const std::size_t end = std::min(parameter.find_first_of("!$<>= \t"), parameter.size());
  const std::string subject = parameter.substr(0, end);
  const std::string_view rest = std::string_view(parameter).substr(end);
  if (subject == "systemd")
    return test_comparisons(rest, systemd_version(host));
  if (subject == "glibc")
    return test_comparisons(rest, ::gnu_get_libc_version());
  if (subject == "kernel")
    return test_comparisons(rest, specifier(host, 'v'));
  return test_comparisons(parameter, specifier(host, 'v'));
}

Answer test_credential(const std::string &parameter, const Host &host)
{
  if (parameter.empty() || parameter == "." || parameter == ".." ||
      parameter.find('/') != std::string::npos)
    return false;
  return host.machine.status("run/credentials/@system/" + parameter).has_value() ||
         host.machine.status("run/credentials/@encrypted/" + parameter).has_value();
}

bool has_text(const Host &host, std::string_view path, std::string_view wanted)
{
  return host.machine.text(path).value_or("").find(wanted) != std::string::npos;
}

bool is_measured(const Host &host)
{
  return base::efi_variable(host.machine, "StubPcrKernelImage", base::loader_variables).has_value();
}

bool is_confidential(const Host &host)
{
  return host.machine.status("dev/sev-guest") || host.machine.status("dev/tdx_guest") ||
         has_text(host, "sys/firmware/uv/prot_virt_guest", "1") ||
         has_text(host, "proc/cpuinfo", " tdx_guest");
}

Answer test_security(const std::string &parameter, const Host &host)
{
  const auto exists = [&](const char *path) { return host.machine.status(path).has_value(); };
  if (parameter == "selinux")
    return exists("sys/fs/selinux/enforce");
  if (parameter == "smack")
    return exists("sys/fs/smackfs");
  if (parameter == "apparmor")
    return has_text(host, "sys/module/apparmor/parameters/enabled", "Y");
  if (parameter == "audit")
    return exists("proc/self/loginuid");
  if (parameter == "ima")
    return exists("sys/kernel/security/ima");
  if (parameter == "tomoyo")
    return exists("sys/kernel/security/tomoyo");
  if (parameter == "uefi-secureboot")
    return base::has_secure_boot(host.machine);
  if (parameter == "tpm2")
    return exists("sys/class/tpmrm") &&
           (exists("sys/firmware/acpi/tables/TPM2") || exists("dev/tpmrm0"));
  if (parameter == "cvm")
    return is_confidential(host);
  if (parameter == "measured-uki" || parameter == "measured-os")
    return is_measured(host);
  return false;
}

Answer test_os_release(const std::string &parameter, const Host &host)
{
  const auto words = base::split_quoted(parameter);
  if (!words)
    return std::nullopt;
  const auto release = base::read_os_release(host.root);
  for (const std::string &word : *words) {
    const auto parts = split_comparison(word);
    if (!parts || parts->rest.empty() || blanks.find(parts->rest.front()) != std::string_view::npos)
      return std::nullopt;
    const auto field = release.find(parts->key);
    if (!Comparison{parts->relation, parts->rest}.holds(field == release.end() ? ""
                                                                               : field->second))
      return false;
  }
  return true;
}

Answer test_machine_tag(const std::string &parameter, const Host &host)
{
  const auto info = base::parse_assignments(host.root.text("etc/machine-info").value_or(""));
  const auto tags = info.find("TAGS");
  std::string_view rest = tags == info.end() ? std::string_view() : tags->second;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find(':'), rest.size());
    if (end > 0 && fits_glob(parameter, std::string(rest.substr(0, end))))
      return true;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return false;
}

using Test = Answer (*)(const std::string &parameter, const Host &host);

constexpr std::array<std::pair<Subject, Test>, 11> tests = {{
    {Subject::architecture, test_architecture},
    {Subject::firmware, test_firmware},
    {Subject::virtualization, test_virtualization},
    {Subject::host, test_host},
    {Subject::fraction, test_fraction},
    {Subject::kernel_command_line, test_command_line},
    {Subject::version, test_version},
    {Subject::credential, test_credential},
    {Subject::security, test_security},
    {Subject::os_release, test_os_release},
    {Subject::machine_tag, test_machine_tag},
}};

} // namespace

std::optional<bool> holds(const Condition &condition, const base::Host &host)
{
  const auto found = std::find_if(tests.begin(), tests.end(), [&](const auto &each) {
    return each.first == condition.subject;
  });
  const Answer answer = found->second(condition.parameter, host);
  if (!answer)
    return std::nullopt;
  return *answer == (condition.sense == Condition::Sense::plain);
}

std::optional<bool> is_suggested(const Suggestion &suggestion, const base::Host &host)
{
  if (suggestion.fixed)
    return suggestion.fixed;
  bool has_alternatives = false;
  bool has_true_alternative = false;
  bool all_required = true;
  for (const Condition &condition : suggestion.conditions) {
    const std::optional<bool> answer = holds(condition, host);
    if (!answer)
      return std::nullopt;
    if (condition.role == Condition::Role::required)
      all_required = all_required && *answer;
    else
      has_true_alternative = has_true_alternative || *answer;
    has_alternatives = has_alternatives || condition.role == Condition::Role::alternative;
  }
  return !suggestion.conditions.empty() && all_required &&
         (!has_alternatives || has_true_alternative);
}

} // namespace updater
