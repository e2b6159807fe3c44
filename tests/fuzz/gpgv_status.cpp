// SPDX-License-Identifier: Apache-2.0
#include "fuzz.hpp"
#include "verity/openpgp.hpp"

// Trust needs gpgv's two words for it, and names the key.
const fuzz::Registered gpgv_status(
    {"gpgv_status", {}, [](std::string_view input) {
       const verity::Verdict verdict = verity::read_gpgv_status(input);
       if (!verdict.trusted)
         return;
       fuzz::demand(input.find("GOODSIG") < input.rfind("VALIDSIG"),
                    "only a good and valid signature is trusted");
       fuzz::demand(verdict.fingerprint.find_first_not_of("0123456789ABCDEF") == std::string::npos,
                    "a fingerprint is upper-case hex");
       fuzz::demand(verdict.fingerprint.size() >= 40, "a fingerprint has its whole length");
     }});
