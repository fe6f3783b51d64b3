"""PyPI replicate 2.0 beta as it is, with only the base URL changed."""

import base64
import hmac
import os
import urllib.request

import replicate
from receiver import Receiver
from replicate import Replicate

URL, MODEL, VERSION, OUT = (os.environ[k] for k in ("EASEL_URL", "EASEL_MODEL", "EASEL_VERSION", "OUT"))
SMALL = {"prompt": "a fox", "num_inference_steps": 4, "output_format": "png", "megapixels": "0.25", "seed": 7}
client = Replicate(bearer_token="any", base_url=f"{URL}/v1")


def save(name, data):
    assert data[:4] == b"\x89PNG", f"{name} is no PNG: {data[:20]!r}"
    with open(f"{OUT}/py2-{name}.png", "wb") as file:
        file.write(data)


for index, item in enumerate(client.run(MODEL, input={**SMALL, "num_outputs": 2})):
    save(f"run-{index}", item.read())
save("version", client.run(f"{MODEL}:{VERSION}", input=SMALL)[0].read())
save("slow", client.run(MODEL, input={**SMALL, "megapixels": "1", "num_inference_steps": 50}, wait=1)[0].read())

try:
    client.run(MODEL, input={})
except replicate.UnprocessableEntityError as error:
    assert "prompt is required" in str(error)
else:
    raise AssertionError("an empty input was taken")

with open(f"{OUT}/py2-run-0.png", "rb") as picture:
    save("image", client.run(MODEL, input={**SMALL, "image": picture})[0].read())

prediction = client.models.predictions.create(
    model_owner=MODEL.split("/")[0], model_name=MODEL.split("/")[1], input={**SMALL, "megapixels": "1", "num_inference_steps": 50})
assert prediction.status == "starting" and prediction.urls.web
assert client.predictions.cancel(prediction_id=prediction.id).status == "canceled"

os.environ["REPLICATE_BASE_URL"], os.environ["REPLICATE_API_TOKEN"] = f"{URL}/v1", "any"
fox = replicate.use(MODEL)
output = fox(**SMALL)
with open(output[0], "rb") as picture:
    save("use", picture.read())

assert sum(1 for _ in client.predictions.list()) >= 5
assert client.models.get(model_owner=MODEL.split("/")[0], model_name=MODEL.split("/")[1]).latest_version
assert client.account.get().username and client.hardware.list()[0].sku

file = client.files.create(content=b"hello", filename="a.txt", type="text/plain", metadata={"k": "v"})
assert file.size == 5 and file.content_type == "text/plain" and file.metadata["k"] == "v", file
assert client.files.get(file_id=file.id).id == file.id
client.files.delete(file_id=file.id)
assert client.search(query="flux", limit=1).models

streamed = list(replicate.use(MODEL, streaming=True)(**SMALL))
assert len(streamed) == 1, streamed
with urllib.request.urlopen(streamed[0]) as picture:
    save("stream", picture.read())

# This client has no validator; the standard's is a few lines.
receiver = Receiver()
client.models.predictions.create(
    model_owner=MODEL.split("/")[0], model_name=MODEL.split("/")[1], input=SMALL, webhook=receiver.url, webhook_events_filter=["completed"])
headers, body = receiver.call()
key = base64.b64decode(client.webhooks.default.secret.get().key.removeprefix("whsec_"))
signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.{body}".encode()
assert headers["webhook-signature"] == "v1," + base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
print("ok")
