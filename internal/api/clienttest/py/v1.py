"""PyPI replicate 1.x as it is, with only the base URL changed."""

import hashlib
import io
import os

import replicate
from receiver import Receiver
from replicate.exceptions import ModelError, ReplicateError

URL, MODEL, VERSION, OUT = (os.environ[k] for k in ("EASEL_URL", "EASEL_MODEL", "EASEL_VERSION", "OUT"))
SMALL = {"prompt": "a fox", "num_inference_steps": 4, "output_format": "png", "megapixels": "0.25", "seed": 7}


def save(name, data):
    assert data[:4] == b"\x89PNG", f"{name} is no PNG: {data[:20]!r}"
    with open(f"{OUT}/py1-{name}.png", "wb") as file:
        file.write(data)


def raises(kind, text, call):
    try:
        call()
    except kind as error:
        assert text in str(error), str(error)
    else:
        raise AssertionError(f"no {kind.__name__}")


# Both forms of the base URL work, for this client adds /v1 and others do not.
for base in (URL, URL + "/v1"):
    client = replicate.Client(api_token="any", base_url=base)
    output = client.run(MODEL, input={**SMALL, "num_outputs": 2})
    for index, item in enumerate(output):
        save(f"run-{index}", item.read())
save("version", client.run(f"{MODEL}:{VERSION}", input=SMALL)[0].read())
save("slow", client.run(MODEL, input={**SMALL, "megapixels": "1", "num_inference_steps": 50}, wait=1)[0].read())
raises(ReplicateError, "prompt is required", lambda: client.run(MODEL, input={}))

with open(f"{OUT}/py1-run-0.png", "rb") as picture:
    save("image", client.run(MODEL, input={**SMALL, "image": picture})[0].read())
raises(ModelError, "", lambda: client.run(MODEL, input={**SMALL, "image": "data:text/plain;base64,aGVsbG8="}))

events = [event for event in client.stream(MODEL, input=SMALL)]
assert [e.event.value for e in events] == ["output", "done"], events

prediction = client.predictions.create(model=MODEL, input={**SMALL, "megapixels": "1", "num_inference_steps": 50})
assert prediction.status == "starting"
prediction.cancel()
prediction.reload()
assert prediction.status == "canceled", prediction.status

prediction = client.predictions.create(version=VERSION, input=SMALL)
prediction.wait()
assert prediction.status == "succeeded" and prediction.progress.percentage == 1.0, prediction
count = sum(len(page) for page in replicate.paginate(client.predictions.list))
assert count >= 5

model = client.models.get(MODEL)
assert model.latest_version.id == VERSION and model.versions.list()[0].id == VERSION
assert client.models.search("flux").results
assert client.accounts.current().name and client.hardware.list()[0].sku and client.collections.list().results

file = client.files.create(io.BytesIO(b"hello"), metadata={"k": "v"})
assert file.checksums["sha256"] == hashlib.sha256(b"hello").hexdigest() and file.metadata["k"] == "v"
assert client.files.get(file.id).size == 5 and file.id in [f.id for f in client.files.list()]
assert client.files.delete(file.id) is True

receiver = Receiver()
client.predictions.create(model=MODEL, input=SMALL, webhook=receiver.url, webhook_events_filter=["completed"])
headers, body = receiver.call()
replicate.webhooks.validate(headers=headers, body=body, secret=client.webhooks.default.secret())
print("ok")
