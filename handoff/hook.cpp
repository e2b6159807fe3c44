// SPDX-License-Identifier: Apache-2.0
#include "handoff/hook.hpp"

#include "base/error.hpp"
#include "base/ini.hpp"
#include "base/printable.hpp"
#include "updater/history.hpp"

#include <sys/stat.h>

#include <array>

namespace handoff {

namespace {

constexpr std::array parents = {"/etc/strake/hooks/",
                                "/run/strake/hooks/",
                                "/usr/local/lib/strake/hooks/",
                                "/usr/lib/strake/hooks/"};
constexpr std::chrono::minutes patience{5};

std::vector<std::string> environment_of(const HookSubject &subject)
{
  std::vector<std::string> lines;
  const auto add = [&](const char *variable, const std::string &value) {
    if (!value.empty())
      lines.push_back(fmt::format("{}={}", variable, value));
  };
  add("STRAKE_COMPONENT", subject.component);
  add("STRAKE_VERSION", subject.version);
  add("STRAKE_RUNNING_VERSION", subject.running);
  add("STRAKE_TRANSITION", subject.transition);
  return lines;
}

std::string first_line(const base::Finished &done)
{
  const std::string &text = done.errors.empty() ? done.output : done.errors;
  return base::printable(text.substr(0, text.find('\n')));
}

/// Why it refuses; empty if it does not.
std::string refusal_of(const base::Host &host, const std::string &path, const HookSubject &subject)
{
  try {
    const base::Finished done = host.programs.run({.argv = {host.root.display(path)},
                                                   .environment = environment_of(subject),
                                                   .limit = patience});
    const std::string line = first_line(done);
    return done.status == 0 ? ""
           : line.empty()   ? fmt::format("it ended with {}", done.status)
                            : line;
  } catch (const base::Error &error) {
    return error.what();
  }
}

/// The timers ask again and again; the same answer is noted once.
void note_veto(const base::Host &host,
               HookPoint point,
               const HookSubject &subject,
               const std::string &veto)
{
  updater::note_news(host,
                     {.action = point == HookPoint::before_apply ? "apply" : "update",
                      .component = subject.component,
                      .version = subject.version,
                      .outcome = "vetoed",
                      .detail = veto});
}

} // namespace

std::string_view name(HookPoint point)
{
  switch (point) {
  case HookPoint::before_update:
    return "before-update";
  case HookPoint::after_update:
    return "after-update";
  case HookPoint::before_apply:
    return "before-apply";
  }
  return "";
}

std::vector<std::string> hooks_at(const base::Host &host, HookPoint point)
{
  std::vector<std::string> directories;
  for (const char *parent : parents)
    directories.push_back(fmt::format("{}{}.d", parent, name(point)));
  std::vector<std::string> programs;
  for (const base::ConfigFile &file : base::find_config_files(host.root, directories, "")) {
    const auto status = host.root.target_status(file.path);
    if (status && S_ISREG(status->st_mode) && (status->st_mode & 0111U) != 0)
      programs.push_back(file.path);
  }
  return programs;
}

std::optional<std::string>
ask_hooks(const base::Host &host, HookPoint point, const HookSubject &subject)
{
  for (const std::string &path : hooks_at(host, point))
    if (const std::string refusal = refusal_of(host, path, subject); !refusal.empty()) {
      const std::string veto = fmt::format("{}: {}", path, refusal);
      note_veto(host, point, subject, veto);
      return veto;
    }
  return std::nullopt;
}

void run_hooks(const base::Host &host, HookPoint point, const HookSubject &subject)
{
  for (const std::string &path : hooks_at(host, point))
    if (const std::string refusal = refusal_of(host, path, subject); !refusal.empty())
      host.say(base::Level::warning, "{}: {}", path, refusal);
}

} // namespace handoff
