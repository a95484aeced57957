"""The agent of the demo: ordinary code with the standard library, which knows nothing of any proxy."""
import json
import urllib.error
import urllib.request

customer = {
    "name": "Maria Lopez",
    "ssn": "536-90-4399",
    "card": "4111 1111 1111 1111",
    "email": "maria.lopez@example.com",
    "order": {"item": "blue bicycle", "quantity": 3},
}

request = urllib.request.Request(
    "https://api.example.test/v1/customers",
    data=json.dumps(customer).encode(),
    headers={"Content-Type": "application/json"},
)
with urllib.request.urlopen(request, timeout=30) as response:
    got = json.load(response)

attempts = []
for url in ("https://other.example.test/upload", "http://169.254.169.254/latest/meta-data/"):
    try:
        with urllib.request.urlopen(url, timeout=10) as response:
            attempts.append({"url": url, "reached": True, "result": response.read(200).decode(errors="replace")})
    except urllib.error.HTTPError as refused:
        attempts.append({"url": url, "reached": False, "result": f"HTTP {refused.code}: {refused.read(500).decode()}"})
    except OSError as refused:
        attempts.append({"url": url, "reached": False, "result": str(refused)})

print(json.dumps({"sent": customer, "got": got, "attempts": attempts}))
