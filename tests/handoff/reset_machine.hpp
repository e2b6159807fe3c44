// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/error.hpp"
#include "handoff/reset.hpp"
#include "support/test_host.hpp"

#include <doctest/doctest.h>

#include <string>

namespace reset_machine {

/// A machine on which something was written to each place.
inline void fill(const support::TempRoot &root)
{
  root.write("usr/lib/os-release", "ID=x\nIMAGE_VERSION=1\n");
  root.write("etc/machine-id", "0123456789abcdef0123456789abcdef\n");
  root.write("etc/hostname", "one");
  root.write("etc/ssh/sshd_config", "all");
  root.write("etc/ssh/ssh_host_key", "secret");
  root.write("etc/fstab", "mounts");
  root.write("var/lib/app/data", "1234");
  root.write("var/lib/strake/policy.json", "{}");
  root.write("var/log/messages", "much");
  root.write("home/ann/notes", "mine");
  root.write("home/bob/notes", "his");
}

inline handoff::ResetRequest request_for(const support::TestHost &test,
                                         const handoff::ResetOptions &options = {})
{
  return handoff::reset_request(test.host, options, {});
}

/// As it is asked for, and as the next boot does it.
inline void reset(const support::TestHost &test, const handoff::ResetOptions &options = {})
{
  handoff::stage_reset(test.host, request_for(test, options));
  (void)handoff::perform_reset(test.host);
}

} // namespace reset_machine
