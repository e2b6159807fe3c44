// SPDX-License-Identifier: Apache-2.0
#include "base/error.hpp"
#include "base/linux_sys.hpp"
#include "base/system_clock.hpp"
#include "cli/bakery_verbs.hpp"
#include "cli/console.hpp"
#include "cli/extension_verbs.hpp"
#include "cli/progress.hpp"
#include "cli/symbols.hpp"
#include "cli/verbs.hpp"
#include "updater/image.hpp"
#include "updater/make_fetcher.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <functional>
#include <memory>

extern char **environ; // NOLINT(readability-redundant-declaration): POSIX has it in no header

namespace {

using cli::Face;
using cli::Options;

/// For --sync=no: whoever asks for it gives the promises about power cuts away.
class UnsyncedSys final : public base::LinuxSys {
public:
  void sync(const base::Fd &) override {}

  void sync(const base::Dir &) override {}

  void sync_file_system(const base::Dir &) override {}
};

/// Most verbs about extensions have no business on the network; what it takes is made on demand.
class LazyFetcher final : public base::Fetcher {
public:
  using Make = std::function<std::unique_ptr<base::Fetcher>()>;

  explicit LazyFetcher(Make make) : make_(std::move(make)) {}

  std::vector<base::Fetched> fetch(const std::vector<base::Fetch> &wanted) override
  {
    if (!made_)
      made_ = make_();
    return made_->fetch(wanted);
  }

private:
  Make make_;
  std::unique_ptr<base::Fetcher> made_;
};

std::map<std::string, std::string> read_environment()
{
  std::map<std::string, std::string> environment;
  for (char **line = environ; *line != nullptr; ++line) {
    const std::string text = *line;
    const std::size_t equals = text.find('=');
    if (equals != std::string::npos)
      environment.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return environment;
}

std::unique_ptr<updater::MountedImage>
mounted_image(base::Sys &sys, base::Clock &clock, const Options &options)
{
  const bool changes = cli::checked_verb(options).changes && !options.dry_run;
  if (options.image.empty())
    return nullptr;
  return updater::mount_image(sys,
                              clock,
                              options.image,
                              options.image_policy,
                              changes ? base::Access::read_write : base::Access::read_only);
}

void write_out(std::string_view text)
{
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0)
    base::fail_errno("cannot write to standard output");
}

void write_on_terminal(std::string_view text)
{
  (void)std::fwrite(text.data(), 1, text.size(), stderr); // a decoration, no result
}

int run(const Options &options, const std::map<std::string, std::string> &environment)
{
  base::SystemClock clock;
  base::LinuxSys synced;
  UnsyncedSys unsynced;
  // First of all, since it takes this process out of the machine's mounts.
  const auto image = mounted_image(synced, clock, options);
  const base::Dir machine = base::Dir::open_root("/");
  const base::Dir root = image ? image->root().again()
                               : base::Dir::open_root(options.root.empty() ? "/" : options.root);
  base::ProcessRunner programs;
  const base::Log log = cli::console(environment);
  const auto form = cli::Progress::form_of(options, ::isatty(STDERR_FILENO) != 0);
  const auto &shown_on = form == cli::Progress::Form::json ? write_out : write_on_terminal;
  cli::Progress progress(form, clock, log, shown_on);
  const auto credentials = environment.find("CREDENTIALS_DIRECTORY");
  const updater::TransportFiles files{
      .root = root,
      .machine = machine,
      .credentials_directory =
          credentials == environment.end() ? std::nullopt : std::optional(credentials->second),
  };
  const auto fetcher =
      updater::make_fetcher(updater::read_transport_options(files), environment, clock, progress);
  const base::Host host{
      .sys = options.sync ? synced : unsynced,
      .programs = programs,
      .fetcher = *fetcher,
      .clock = clock,
      .log = log,
      .environment = environment,
      .root = root.again(),
      .machine = machine.again(),
      .is_running_system = options.root.empty() && options.image.empty(),
  };
  return cli::run_verb(host, options, write_out);
}

int run_extensions(const cli::ExtensionOptions &options,
                   const std::map<std::string, std::string> &environment)
{
  base::SystemClock clock;
  base::LinuxSys sys;
  base::ProcessRunner programs;
  const base::Dir machine = base::Dir::open_root("/");
  const base::Dir root = base::Dir::open_root(options.root.empty() ? "/" : options.root);
  const base::Log log = cli::console(environment);
  const bool shows = ::isatty(STDERR_FILENO) != 0 && options.json == cli::Json::off;
  cli::Progress progress(shows ? cli::Progress::Form::terminal : cli::Progress::Form::none,
                         clock,
                         log,
                         write_on_terminal);
  LazyFetcher fetcher([&] {
    return updater::make_fetcher(
        updater::read_transport_options(
            {.root = root, .machine = machine, .credentials_directory = std::nullopt}),
        environment,
        clock,
        progress);
  });
  const base::Host host{
      .sys = sys,
      .programs = programs,
      .fetcher = fetcher,
      .clock = clock,
      .log = log,
      .environment = environment,
      .root = root.again(),
      .machine = machine.again(),
      .is_running_system = options.root.empty(),
  };
  return cli::run_extension_verb(host, options, write_out);
}

int answer_without_verb(const cli::ExtensionOptions &options)
{
  if (options.has("help") || options.verb == "help")
    write_out(cli::extension_help_text(options));
  else if (options.has("version"))
    write_out("strake " STRAKE_VERSION "\n");
  else if (options.has("json-help"))
    write_out("pretty\nshort\noff\n");
  else {
    if (options.legend)
      write_out("Known mutability modes:\n");
    for (const std::string_view name : overlay::mutability_names())
      write_out(fmt::format("{}\n", name));
  }
  return 0;
}

bool needs_no_verb(const cli::ExtensionOptions &options)
{
  return options.has("help") || options.has("version") || options.has("json-help") ||
         options.has("mutable-help") || options.verb == "help";
}

int answer_without_verb(const Options &options)
{
  if (options.has("help"))
    std::fputs(cli::help_text(options.face).c_str(), stdout);
  else if (options.has("version"))
    std::fputs("strake " STRAKE_VERSION "\n", stdout);
  else
    std::fputs("pretty\nshort\noff\n", stdout);
  return 0;
}

bool needs_no_verb(const Options &options)
{
  return options.has("help") || options.has("version") || options.has("json-help");
}

/// `strake ext …`, or what is called as one of the tools for extensions.
bool is_about_extensions(int argc, char **argv)
{
  return (argc > 0 && cli::class_stood_in_for(argv[0])) ||
         (argc > 1 && std::string_view(argv[1]) == "ext");
}

bool stands_in(int argc, char **argv)
{
  return argc > 0 && (std::string_view(argv[0]).ends_with("systemd-sysupdate") ||
                      cli::class_stood_in_for(argv[0]));
}

int run_bakery(const cli::BakeryOptions &options,
               const std::map<std::string, std::string> &environment)
{
  if (options.has("help")) {
    write_out(cli::bakery_help_text(options));
    return 0;
  }
  base::SystemClock clock;
  base::LinuxSys sys;
  base::ProcessRunner programs;
  const base::Dir machine = base::Dir::open_root("/");
  const base::Log log = cli::console(environment);
  const bool is_terminal = ::isatty(STDERR_FILENO) != 0;
  cli::Progress progress(is_terminal ? cli::Progress::Form::terminal : cli::Progress::Form::none,
                         clock,
                         log,
                         write_on_terminal);
  const auto fetcher = updater::make_fetcher(
      updater::read_transport_options(
          {.root = machine, .machine = machine, .credentials_directory = std::nullopt}),
      environment,
      clock,
      progress);
  const base::Host host{
      .sys = sys,
      .programs = programs,
      .fetcher = *fetcher,
      .clock = clock,
      .log = log,
      .environment = environment,
      .root = machine.again(),
      .machine = machine.again(),
      .is_running_system = true,
  };
  return cli::run_bakery_verb(host, options, write_out);
}

int run_program(int argc, char **argv, const std::map<std::string, std::string> &environment)
{
  if (argc > 1 && !stands_in(argc, argv) && cli::is_bakery_verb(argv[1]))
    return run_bakery(cli::parse_bakery_options(argc - 1, argv + 1), environment);
  if (!is_about_extensions(argc, argv)) {
    const Options options = cli::parse_options(argc, argv);
    return needs_no_verb(options) ? answer_without_verb(options) : run(options, environment);
  }
  const int skipped = cli::class_stood_in_for(argv[0]) ? 0 : 1;
  const cli::ExtensionOptions options =
      cli::parse_extension_options(argc - skipped, argv + skipped);
  return needs_no_verb(options) ? answer_without_verb(options)
                                : run_extensions(options, environment);
}

} // namespace

int main(int argc, char **argv)
{
  ::umask(022); // modes are what is asked for, whoever started us
  const auto environment = read_environment();
  try {
    return run_program(argc, argv, environment);
  } catch (const base::Error &error) {
    fmt::print(stderr, "{}\n", cli::shown(error.what(), cli::charset_of(environment)));
    // The tools that are stood in for know one kind of failure.
    return stands_in(argc, argv) ? 1 : base::exit_code(error.kind());
  } catch (const std::exception &error) {
    fmt::print(stderr, "strake itself failed: {}\n", error.what());
    return stands_in(argc, argv) ? 1 : base::exit_code(base::Kind::internal);
  }
}
