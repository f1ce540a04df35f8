# SPDX-License-Identifier: MIT
# Packages for Debian: "make deb", and "make check-deb" tries them.

deb: dist
	@'$(abs_top_srcdir)/%D%/deb.sh' '$(distdir).tar.xz' '$(VERSION)' deb

check-deb: deb
	@'$(abs_top_srcdir)/%D%/check_deb.sh' deb '$(distdir).tar.xz' '$(VERSION)'

clean-local: clean-deb
clean-deb:
	rm -rf deb

.PHONY: check-deb clean-deb deb

# A distributor's source package has its own debian/ in the place of this one.
debian_files = \
	debian/changelog \
	debian/control \
	debian/copyright \
	debian/libportlock-dev.install \
	debian/libportlock-dev.manpages \
	debian/libportlock1.install \
	debian/libportlock1.symbols \
	debian/portlock-etcd.install \
	debian/portlock-etcd.manpages \
	debian/portlock.docs \
	debian/portlock.install \
	debian/portlock.manpages \
	debian/rules \
	debian/source/format \
	debian/tests/control

EXTRA_DIST += $(debian_files) %D%/README.md %D%/aside.sh %D%/check_deb.sh \
	%D%/deb.sh %D%/installed.sh
