#!/bin/sh
# SPDX-License-Identifier: MIT
# test_check_docs.sh - check_docs.sh finds what is wrong in a document.
set -u
tests=$(dirname "$0")
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
trap 'exit 99' HUP INT TERM
failed=0

# judge STATUS TEXT NAME: of the document on standard input
judge() {
	cat >"$work/doc.md"
	"$tests/check_docs.sh" "$work/doc.md" >"$work/log" 2>&1
	status=$?
	if [ $status -eq 77 ]; then
		cat "$work/log"
		exit 77
	fi
	if [ $status -eq "$1" ] && grep -qF -- "$2" "$work/log"; then
		echo "ok: $3"
	else
		echo "FAILED: $3: status $status, not $1 with '$2'"
		cat "$work/log"
		failed=1
	fi
}

judge 0 '9 blocks run, 2 not run' "a document as it should be" <<'END'
<!-- run: printf 'one  two\nthree\n4\n' >numbers -->
```console
$ cat numbers
one two
...
4711
$ cd / && \
> pwd
/
$ false
$ echo $?
1
$ cd - >/dev/null
```
<!-- not run: because -->
```console
$ false
```
```sh
test -e numbers
```
<!-- file: a/script -->
```sh
exit 3
```
```console
$ a/script
$ echo "$?"
3
```
```c
#include <portlock/portlock.h>
int main(void) { return portlock_version()[0] == '\0'; }
```
```c
#include <portlock/portlock.h>
int part(portlock_t *lock);
int part(portlock_t *lock) { return portlock_release(lock); }
```
```rules
sem /name timeout=3
```
```cron
*/5 1,2 * * 1-5 test -n "$PATH"
```
```console
$ portlock run check-docs -- sh -c 'echo it has the lock'
it has the lock
```
```text
a drawing
```
<!-- needs: no-such-program-here -->
```console
$ no-such-program-here
```
END

judge 1 "status 1 of:" "a command that fails" <<'END'
```console
$ false
```
END
judge 1 "but the document shows:" "other output" <<'END'
```console
$ echo one
two
```
END
judge 1 "but the document shows:" "output that is not whole" <<'END'
```console
$ printf '1\n2\n'
1
```
END
judge 1 "but the document shows:" "a number that is shown as it is" <<'END'
```console
$ echo 5
4
```
END
judge 1 "but the document shows:" "no number where one is meant" <<'END'
```console
$ echo x
4711
```
END
judge 1 "no way to run a block of language 'ruby'" "another language" <<'END'
```ruby
puts
```
END
judge 1 "a block without a language" "no language" <<'END'
```
$ true
```
END
judge 1 "has no end" "a block without an end" <<'END'
```sh
true
END
judge 1 "does not do: cc" "C that does not compile" <<'END'
```c
int main(void) { return undeclared; }
```
END
judge 1 "does not do: cc" "C with a warning" <<'END'
```c
int main(void) { int unused; return 0; }
```
END
judge 1 "program" "C that ends with an error" <<'END'
```c
int main(void) { return 3; }
```
END
judge 1 "does not do: sh -eu" "a script that fails" <<'END'
```sh
false
true
```
END
judge 1 "does not do: portlock preload --check" "a wrong rule" <<'END'
```rules
sem /name wait=3
```
END
judge 1 "not the five times" "a wrong cron line" <<'END'
```cron
* * * true
```
END
judge 1 "does not do: env" "a cron line whose command fails" <<'END'
```cron
* * * * * false
```
END
judge 1 "came to an end" "a command that leaves" <<'END'
```console
$ exit 0
```
END
judge 1 "status 1 of:" "hidden commands that fail" <<'END'
<!-- run:
true
false
-->
END
if command -v systemd-analyze >/dev/null; then
	judge 1 "does not do: systemd-analyze" "a wrong unit" <<'END'
<!-- file: wrong.service -->
```ini
[Service]
ExecStart=/nowhere
```
END
fi
exit $failed
