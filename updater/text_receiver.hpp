// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/fetcher.hpp"

#include <string>

namespace updater {

/// Keeps what comes as a text. How large it may get is for who asks to say (Fetch::size_limit).
class TextReceiver final : public base::Receiver {
public:
  void begin(const base::Response &) override { text.clear(); }

  void receive(base::Bytes data) override
  {
    text.append(reinterpret_cast<const char *>(data.data()), data.size());
  }

  std::string text;
};

} // namespace updater
