// SPDX-License-Identifier: Apache-2.0
#include "base/error.hpp"
#include "base/system_clock.hpp"
#include "updater/fetch_service.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <string_view>

/// strake-fetch: what strake-fetch.socket starts for each strake that wants to download.
namespace {

int complain(base::Kind kind, std::string_view text)
{
  std::fprintf(stderr, "strake-fetch: %.*s\n", static_cast<int>(text.size()), text.data());
  return base::exit_code(kind);
}

bool is_socket(int descriptor)
{
  struct stat found = {};
  return ::fstat(descriptor, &found) == 0 && S_ISSOCK(found.st_mode);
}

} // namespace

int main(int argc, char **argv)
{
  if (argc == 2 && std::string_view(argv[1]) == "--version") {
    std::puts("strake " STRAKE_VERSION);
    return 0;
  }
  if (argc != 1 || !is_socket(STDIN_FILENO))
    return complain(base::Kind::usage,
                    "this is for strake-fetch.socket to start, without arguments, and with a "
                    "connection as standard input");
  try {
    base::SystemClock clock;
    updater::serve_fetches(base::Fd(STDIN_FILENO), clock);
    return 0;
  } catch (const base::Error &error) {
    return complain(error.kind(), error.what());
  } catch (const std::exception &error) {
    return complain(base::Kind::internal, error.what());
  }
}
