# SPDX-License-Identifier: GPL-2.0-or-later
def check(top, results, write):
    for (s, f, x), r in results.items():
        print(x.name, s.name, f, r.code, r.reason)
    return ""
