// SPDX-License-Identifier: Apache-2.0
#include "fuzz.hpp"
#include "updater/fetch_url.hpp"

// As a URL, and as the place that a redirect names: what is accepted can be given to libcurl, means
// the same when it is read again, and takes no credentials along.
const fuzz::Registered
    url({"url", {}, [](std::string_view input) {
           const auto here = updater::Url::parse("https://user:Sesame@example.org/os/SHA256SUMS");
           for (const auto &read : {updater::Url::check(input), here.resolve(input)}) {
             fuzz::demand(read.url.has_value() == read.why.empty(), "there is a URL or a reason");
             if (!read.url)
               continue;
             for (const char letter : read.url->secret_text())
               fuzz::demand(static_cast<unsigned char>(letter) > 0x20 && letter != 0x7f,
                            "no control goes to the server");
             const auto again = updater::Url::check(read.url->secret_text());
             fuzz::demand(again.url.has_value(), "an accepted URL is accepted again");
             fuzz::demand(again.url->origin() == read.url->origin() &&
                              again.url->shown() == read.url->shown(),
                          "it means the same again");
             fuzz::demand(read.url->secret_text().find("Sesame") == std::string::npos ||
                              input.find("Sesame") != input.npos,
                          "a redirect takes no password along");
           }
         }});
