// SPDX-License-Identifier: Apache-2.0
#include "handoff/reset_data.hpp"

#include <doctest/doctest.h>

TEST_SUITE_BEGIN("handoff/reset_data");

TEST_CASE("units and files of tmpfiles.d say what an extension writes")
{
  using Paths = std::vector<std::string>;
  CHECK(handoff::data_of_unit(
            "[Unit\n[Service]\nStateDirectory=docker %i ../x\nLogsDirectory=d:e\n") ==
        Paths{"/var/lib/docker", "/var/lib/private/docker", "/var/log/d", "/var/log/private/d"});
  CHECK(handoff::data_of_unit("ConfigurationDirectory=app/sub\n") ==
        Paths{"/etc/app/sub", "/etc/private/app/sub"});
  CHECK(
      handoff::data_of_tmpfiles("# d /etc/no\nd /var/lib/one/ 0755\nD! \"/srv/two\"\nL /etc/link\n"
                                "d /run/x\nd /var/lib\nq /var/%m\n\nz /var/three\n") ==
      Paths{"/srv/two", "/var/lib/one"});
}
