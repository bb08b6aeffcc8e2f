// Calls the official Node SDK as told on standard input, one JSON line per call, and answers each
// call with one JSON line. Operations and request models are found by name, so that every
// operation can be called. This SDK reads no endpoint from the environment (client notes, A1).

import { createInterface } from "node:readline";

import core from "@huaweicloud/huaweicloud-sdk-core";
import cce from "@huaweicloud/huaweicloud-sdk-cce/v3/public-api.js";

// The SDK logs each refusal to standard output, which belongs to the answers.
const answers = process.stdout.write.bind(process.stdout);
process.stdout.write = process.stderr.write.bind(process.stderr);

const { HUAWEICLOUD_SDK_AK, HUAWEICLOUD_SDK_SK, HUAWEICLOUD_SDK_PROJECT_ID } = process.env;

const credentials = new core.BasicCredentials()
  .withAk(HUAWEICLOUD_SDK_AK)
  .withSk(HUAWEICLOUD_SDK_SK)
  .withProjectId(HUAWEICLOUD_SDK_PROJECT_ID);
const client = cce.CceClient.newBuilder()
  .withCredential(credentials)
  .withEndpoint(process.env.HUAWEICLOUD_SDK_REGION_CCE_CN_NORTH_4)
  .build();

for await (const line of createInterface({ input: process.stdin })) {
  const { call, args } = JSON.parse(line);
  answers(`${JSON.stringify(await perform(call, args))}\n`);
}

async function perform(operation, args) {
  const method = find(cce.CceClient.prototype, operation);
  if (!method) {
    return { ok: false, exception: "UnsupportedOperation", error_msg: operation };
  }
  const Request = cce[find(cce, `${operation}Request`)];
  try {
    const { httpStatusCode, ...body } = await client[method](Object.assign(new Request(), args));
    return { ok: true, status: httpStatusCode, body };
  } catch (error) {
    return refused(error);
  }
}

/** The key of that name. Letter case is ignored: the SDKs write abbreviations differently. */
function find(owner, name) {
  return Object.keys(owner).find((key) => key.toLowerCase() === name.toLowerCase());
}

function refused(error) {
  if (!error.httpStatusCode) {
    console.error(error);
  }
  return {
    ok: false,
    exception: error.name,
    status: error.httpStatusCode,
    error_code: error.errorCode,
    error_msg: error.errorMsg ?? error.message,
    request_id: error.requestId,
  };
}
