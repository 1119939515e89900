import assert from "node:assert/strict";
import { createPublicKey, X509Certificate } from "node:crypto";
import { test } from "node:test";
import { PARENT_NAME, selfSigned, toPem } from "../../src/session/certificate.ts";

test("a certificate is read back as what was put into it", () => {
  const { key, certificate } = selfSigned();
  const read = new X509Certificate(certificate);
  assert.deepEqual(Buffer.from(read.raw), certificate);
  assert.equal(read.subject, `CN=${PARENT_NAME}`);
  assert.equal(read.issuer, read.subject);
  assert.equal(read.subjectAltName, `DNS:${PARENT_NAME}`);
  assert.equal(read.ca, false);
  const publicKey = createPublicKey(key);
  assert.equal(publicKey.asymmetricKeyDetails?.namedCurve, "prime256v1");
  assert.deepEqual(
    read.publicKey.export({ type: "spki", format: "der" }),
    publicKey.export({ type: "spki", format: "der" }),
  );
  assert.ok(read.verify(publicKey), "it is signed by its own key");
  assert.equal(read.verify(createPublicKey(selfSigned().key)), false);
  assert.equal(new Date(read.validFrom).getTime(), 0);
  assert.equal(new Date(read.validTo).getUTCFullYear(), 9999);
});

test("its text form is the same certificate", () => {
  const { certificate } = selfSigned();
  assert.deepEqual(Buffer.from(new X509Certificate(toPem(certificate)).raw), certificate);
});

// The encoding of numbers depends on their first bit and byte, so one certificate proves little.
test("each one is well-formed, and another", () => {
  const serials = new Set<string>();
  for (let n = 0; n < 300; n++) {
    const read = new X509Certificate(selfSigned().certificate);
    assert.ok(read.verify(read.publicKey));
    assert.match(read.serialNumber, /^[4-7][0-9A-F]{31}$/);
    serials.add(read.serialNumber);
  }
  assert.equal(serials.size, 300);
});
