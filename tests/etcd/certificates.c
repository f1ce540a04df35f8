/* SPDX-License-Identifier: MIT */
/* certificates.c - an authority for a test's etcd, and one that is none. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/etcd/cluster.h"

static void shell(const struct etcd *etcd, const char *commands)
{
	char all[2048];
	int length = snprintf(all, sizeof(all),
			      "set -e; cd '%s'; { %s; } "
			      ">openssl.log 2>&1 || { cat "
			      "openssl.log >&2; exit 1; }",
			      etcd->folder, commands);

	require(length < (int)sizeof(all));
	require(system(all) == 0);
}

/* NAME.pem and NAME.key of an authority. */
static void authority(const struct etcd *etcd, const char *name)
{
	char commands[512];

	snprintf(commands, sizeof(commands),
		 "openssl req -x509 -newkey ec -pkeyopt "
		 "ec_paramgen_curve:prime256v1 -nodes -days 2 -subj '/CN=%s' "
		 "-keyout %s.key -out %s.pem",
		 name, name, name);
	shell(etcd, commands);
}

/*
 * The same of somebody whom the authority has signed.  etcd's gateway shows
 * the server's certificate as a client.  With authentication it refuses
 * clients whose certificate has a common name (CN).
 */
static void signed_by(const struct etcd *etcd, const char *authority,
		      const char *name, const char *subject)
{
	char commands[1024];

	snprintf(commands, sizeof(commands),
		 "openssl req -newkey ec -pkeyopt "
		 "ec_paramgen_curve:prime256v1 -nodes -subj '%s' "
		 "-keyout %s.key -out %s.csr; "
		 "echo 'subjectAltName=IP:127.0.0.1,IP:%s' "
		 ">%s.ext; echo extendedKeyUsage=serverAuth,clientAuth "
		 ">>%s.ext; openssl x509 -req -days 2 -CA %s.pem -CAkey %s.key "
		 "-CAcreateserial -in %s.csr -extfile %s.ext -out %s.pem",
		 subject, name, name, etcd->plan.address, name, name, authority,
		 authority, name, name, name);
	shell(etcd, commands);
}

/* Where they are: NAME.pem and NAME.key. */
static void paths(const struct etcd *etcd, const char *name, char *pem,
		  char *key)
{
	snprintf(pem, CERTIFICATE_PATH, "%s/%s.pem", etcd->folder, name);
	if (key)
		snprintf(key, CERTIFICATE_PATH, "%s/%s.key", etcd->folder,
			 name);
}

void certificates_make(struct etcd *etcd)
{
	authority(etcd, "ca");
	signed_by(etcd, "ca", "server", "/O=tests");
	signed_by(etcd, "ca", "client", "/O=tests");
	signed_by(etcd, "ca", "named", "/CN=" ETCD_USER);
	authority(etcd, "wrong-ca");
	signed_by(etcd, "wrong-ca", "wrong-client", "/O=tests");
	paths(etcd, "ca", etcd->ca, NULL);
	paths(etcd, "server", etcd->server_certificate, etcd->server_key);
	paths(etcd, "client", etcd->certificate, etcd->certificate_key);
	paths(etcd, "named", etcd->named_certificate,
	      etcd->named_certificate_key);
	paths(etcd, "wrong-ca", etcd->wrong_ca, NULL);
	paths(etcd, "wrong-client", etcd->wrong_certificate,
	      etcd->wrong_certificate_key);
}

void tokens_make(struct etcd *etcd)
{
	shell(etcd, "openssl ecparam -genkey -noout -name prime256v1 "
		    "-out tokens.key; "
		    "openssl ec -in tokens.key -pubout -out tokens.pem");
	snprintf(etcd->tokens, sizeof(etcd->tokens),
		 "jwt,pub-key=%s/tokens.pem,priv-key=%s/tokens.key,"
		 "sign-method=ES256,ttl=2s",
		 etcd->folder, etcd->folder);
}
