// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/program.hpp"
#include "verity/openpgp.hpp"

#include <chrono>
#include <string>

namespace support {

/// The time at which the tools check: they look at the machine's own clock.
std::chrono::sys_seconds now();

/// The real programs, of which only one is installed.
class OnlyTool final : public base::Runner {
public:
  explicit OnlyTool(std::string tool) : tool_(std::move(tool)) {}

  bool exists(const std::string &program) override;
  base::Finished run(const base::Command &command) override;
  void start(const base::Command &command) override;

private:
  std::string tool_;
  base::ProcessRunner runner_;
};

/// A keyring of one file with these keys, in any form that keyring files have.
verity::Keyring ring_of(const std::string &keys);

/// What verify_openpgp() says where only this tool is installed.
verity::Verdict ask(const std::string &tool,
                    const verity::Keyring &ring,
                    const std::string &data,
                    const std::string &signature);

/// Asks both tools, which must agree or the test fails; gives gpgv's words.
verity::Verdict
ask_both(const verity::Keyring &ring, const std::string &data, const std::string &signature);

} // namespace support
