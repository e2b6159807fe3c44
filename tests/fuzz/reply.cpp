// SPDX-License-Identifier: Apache-2.0
#include "fuzz.hpp"
#include "updater/fetch_reply.hpp"

// The first byte says what was asked, the rest is the answer's head, a line at a time. No answer
// makes bytes land elsewhere than where they were asked for, or more of them than are allowed.
const fuzz::Registered
    reply({"reply", {}, [](std::string_view input) {
             const unsigned choice = input.empty() ? 0 : static_cast<unsigned char>(input.front());
             const updater::Asked asked{base::Ask::body,
                                        (choice & 1U) * 5U,
                                        "\"v\"",
                                        (choice & 2U) != 0 ? "\"e\"" : "",
                                        (choice & 4U) * 25U};
             updater::HeadReader reader;
             auto state = updater::HeadReader::State::reading;
             for (std::size_t at = 1;
                  at < input.size() && state == updater::HeadReader::State::reading;) {
               const std::size_t end = std::min(input.find('\n', at), input.size() - 1) + 1;
               state = reader.add(input.substr(at, end - at));
               at = end;
             }
             if (state != updater::HeadReader::State::whole)
               return;
             const auto judged = updater::judge(reader.head(), asked, std::chrono::sys_seconds{});
             if (const auto *deliver = std::get_if<updater::Deliver>(&judged)) {
               const base::Response &response = deliver->response;
               fuzz::demand(response.offset == 0 || response.offset == asked.from,
                            "bytes come where they were asked for");
               fuzz::demand(asked.size_limit == 0 || response.size.value_or(0) <= asked.size_limit,
                            "the limit holds");
               fuzz::demand(response.size.value_or(response.offset) >= response.offset,
                            "an object does not end before it begins");
             } else if (std::holds_alternative<updater::AlreadyWhole>(judged)) {
               fuzz::demand(asked.from > 0, "nothing asked for is never the whole");
             } else if (const auto *failure = std::get_if<updater::Failure>(&judged)) {
               fuzz::demand(failure->retry_after.value_or(std::chrono::seconds(0)).count() >= 0,
                            "a pause is not negative");
             }
           }});
