"""Own rows for names and addresses: made-up people and places (Faker, MIT) in sentences, forms, JSON, tables, logs and mails,
and text full of capitals that names nobody.

`rows(seed, count)` yields (text, spans); a span is (start, end, "PERSON" or "ADDRESS"). A title such as "Dr." is no part of
a name. An address runs from its house number or street to its postcode, over line ends.
"""
import json
import random
import re
import unicodedata

from faker import Faker

LOCALES = "en_US en_US en_US en_GB en_GB de_DE fr_FR es_ES it_IT pt_BR nl_NL pl_PL sv_SE no_NO da_DK fi_FI cs_CZ ro_RO hu_HU tr_TR en_IN id_ID es_MX hr_HR en_AU en_CA fr_CH de_AT sk_SK sl_SI lt_LT es_AR en_NG".split()
PARTS = {}


def parts(locale):
    if locale not in PARTS:
        f = Faker(locale)
        f.seed_instance(11)
        take = lambda name, n: sorted({str(getattr(f, name)()) for _ in range(n)})
        PARTS[locale] = {"first": [x for x in take("first_name", 700)], "last": [x for x in take("last_name", 900)], "street": take("street_name", 500), "city": take("city", 400), "code": take("postcode", 200)}
    return PARTS[locale]


EAST = {"first": "Wei Xiu Jun Mei Hiroshi Yuki Sakura Kenji Haruto Aiko Min-jun Seo-yeon Ji-woo Hyun Linh Minh Thanh Nguyet Arjun Lakshmi Ravi Priya Sunita Amit Farhan Ayesha Omar Khalid Layla Yusuf Zainab Tariq Reza Shirin Dmitri Olga Svetlana Ivan Anastasia Oleksandr Chinedu Ngozi Amara Kwame Abena Thabo Naledi Tadesse Makena Kiprotich Nokuthula Babajide Olumide".split(),
        "last": "Wang Li Zhang Chen Liu Tanaka Suzuki Watanabe Yamamoto Kobayashi Kim Park Choi Jung Nguyen Tran Le Pham Sharma Patel Reddy Iyer Khan Ahmed Hussain Al-Farsi Haddad Mansour Rahimi Karimi Petrov Ivanova Sokolov Kuznetsova Shevchenko Bondarenko Okafor Adeyemi Mensah Boateng Dlamini Nkosi Bekele Wanjiku Kipchoge Mbeki Osei Achebe Balogun".split()}
TITLES = ["Mr.", "Mrs.", "Ms.", "Dr.", "Prof.", "Mr", "Mrs", "Ms", "Dr", "Miss", "Sir", "Herr", "Frau", "Señora", "Madame", "Judge", "Captain", "Pastor"]
STATES = "AL AK AZ AR CA CO CT DE FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY NC ND OH OK OR PA RI SC SD TN TX UT VT VA WA WV WI WY".split()
UNITS = ["Apt. {n}", "Apt {n}", "Suite {n}", "Unit {n}", "Flat {n}", "# {n}", "Floor {n}", "Apartment {n}", "Room {n}", "Ste. {n}", "Bldg {n}", "PO Box {n}", "c/o {n}"]
SUFFIX = "Street St. St Avenue Ave. Ave Road Rd. Rd Lane Ln Drive Dr. Dr Boulevard Blvd Court Ct Place Pl Way Terrace Close Crescent Square Parkway Highway Trail Circle Row Gardens Mews Str. Alley".split()


def person(r):
    """A name and its form."""
    p = EAST if r.random() < 0.16 else parts(r.choice(LOCALES))
    q = p if r.random() < 0.75 else parts(r.choice(LOCALES))
    first, last = r.choice(p["first"]), r.choice(q["last"])
    x = r.random()
    if x < 0.5:
        name = f"{first} {last}"
    elif x < 0.58:
        name = f"{first} {r.choice('ABCDEFGHJKLMNPRSTW')}. {last}"
    elif x < 0.63:
        name = f"{first[0]}. {last}"
    elif x < 0.67:
        name = f"{first} {r.choice(p['first'])} {last}"
    elif x < 0.7:
        name = f"{first} {last}-{r.choice(q['last'])}" if " " not in last else f"{first} {last}"
    elif x < 0.72:
        name = f"{first} {r.choice(['van der', 'de', 'von', 'bin', 'al', 'di', 'O’', 'Mc'])} {last}".replace("’ ", "'").replace("Mc ", "Mc")
    elif x < 0.76:
        name = f"{last}, {first}"
    elif x < 0.9:
        name = first
    else:
        name = last
    x = r.random()
    return name.upper() if x < 0.04 else name.lower() if x < 0.08 else name


def full(r):
    while True:
        name = person(r)
        if " " in name:
            return name


def address(r):
    locale = r.choice(LOCALES)
    p = parts(locale)
    n = r.choice([r.randint(1, 99), r.randint(1, 999), r.randint(100, 29999)])
    street = r.choice(p["street"]) if r.random() < 0.7 else f"{r.choice(p['last'])} {r.choice(SUFFIX)}"
    if r.random() < 0.1:
        street = r.choice(["Rue ", "Via ", "Calle ", "Avenida ", "Rua ", "Plaza ", "ul. ", "Rue de la "]) + r.choice(p["last"])
    if r.random() < 0.06:
        street = f"{r.randint(1, 190)}{r.choice(['th', 'st', 'nd', 'rd'])} {r.choice(SUFFIX)}"
    city = r.choice(p["city"])
    code = r.choice(p["code"])
    line = f"{street} {n}{r.choice(['', '', '', 'a', 'B', '/' + str(r.randint(1, 40))])}" if locale[:2] in ("de", "nl", "pl", "sv", "no", "da", "fi", "cs", "sk", "sl", "hr", "it", "es", "lt") and r.random() < 0.7 else f"{n} {street}"
    unit = r.choice(UNITS).replace("{n}", str(r.randint(1, 999)))
    x = r.random()
    if x < 0.12:
        line = f"{unit}, {line}"
    elif x < 0.26:
        line = f"{line}{r.choice([', ', ' ', chr(10)])}{unit}"
    s = r.choice([", ", ", ", ", ", "\n", " "])
    x = r.random()
    if x < 0.14:
        out = line
    elif x < 0.2:
        out = f"{line}, {city}"
    elif locale.startswith("en_US") or x < 0.3:
        out = f"{line}{s}{city}, {r.choice(STATES)} {r.choice(parts('en_US')['code'])}"
    elif locale in ("en_GB", "en_IN", "en_NG", "en_AU", "en_CA"):
        out = f"{line}{s}{city}{r.choice([' ', ', ', chr(10)])}{code}"
    else:
        out = f"{line}{s}{code} {city}"
    if r.random() < 0.1:
        out += r.choice([", ", "\n"]) + r.choice(["USA", "UK", "Germany", "France", "Spain", "India", "Canada", "Poland", "Sweden"])
    return out.upper() if r.random() < 0.03 else out


SENTENCES = """Hi {p}, thanks for your message.|Hello {p},\n\nYour order has shipped.\n\nRegards,\n{f}|Dear {t} {p}, your appointment is on {d}.|My name is {p}.|I'm {p} and I work at {c}.|This is {p} from {c}, please call me back at {ph}.|
{f} joined the team in {m}.|Please ask {p} about the {w}.|{p} and {p} will present the {w} on {d}.|{f} ({e}) approved the change.|The meeting with {f} was moved to {d}.|cc {f}, {f} and {f}|{p} wrote: "see you in {city}"|@{p} can you look at this?|
Contact: {f}, {ph}, {e}|Patient {f}, born {d}, was admitted with {w}.|{t} {p} lives at {a}.|I live at {a}.|Send it to {a}, please.|Ship to:\n{f}\n{a}|Deliver the parcel to {f}, {a}.|Our office is at {a}.|My new address is {a}. The old one was {a}.|
Bill to: {f}\n{a}\nInvoice {id}|Where is {a}?|{f}\n{a}\n{ph}|{f}, {a}|Meet me in front of {a} at 10:30.|The house at {a} was sold to {f}.|{f} moved from {city} to {a} in {m}.|Return address: {a}|Please update my address to {a}; my phone is {ph}.|
Signed,\n{f}\n{c}|Best,\n{p}|Cheers, {p}|Kind regards\n{f}\n{c}\n{a}|I spoke to {p} yesterday and {p} agreed.|According to {f}, the {w} is late.|{f}'s laptop is broken.|Is {p} coming to {city}?|{p}, {p} and I went to {city}.|The author of the report, {f}, disagrees.|
{f} was born on {d} in {city}.|She married {f} in {m}.|The card belongs to {f}, number {id}.|Employee {f} (ID {id}) requested leave.|Interview notes: {f} has six years of experience with {w}.|Reviewed-by: {f} <{e}>|Author: {f} <{e}>\nDate: {d}|Co-authored-by: {f} <{e}>|
Signed-off-by: {f} <{e}>|From: {f} <{e}>\nTo: {f} <{e}>\nSubject: {w}|"{f}" <{e}>|From: {e}\nSubject: {w}\n\n{p},\n\nsee the notes.\n\n{p}|{p}: did you push the fix?\n{p}: yes, an hour ago|[10:02] {p}: lunch?\n[10:03] {p}: sure|ok thanks {p}|thx {p}!!|hey {p} whats up|
{f} called about invoice {id}, wants a refund to {ph}.|The defendant, {f}, denied the claims.|Beneficiary: {f}, account {id}|Passenger {f}, seat 14C, flight {id}|Emergency contact: {f} (mother), {ph}|Guest: {f}, room {n}, until {d}|Prescribed by {t} {p} for {f}.|
Teacher: {t} {p}|Class list: {f}; {f}; {f}; {f}|Thank you, {t} {p}, for the lesson.|{t} {p} and {t} {f} signed the lease for {a}.|Minutes: present {f}, {f}; absent {f}|Winner: {f} of {city}|To {f}: your pass is ready.|user {f} logged in from {ip}|
{f},{e},{ph},{id}|{f},{id},{d}\n{f},{id},{d}|name={f}&email={e}&id={id}|Login from {ip} by {e}|{code} belongs to {f}|Wire the funds to {code}, beneficiary {f}.|{f} works for {ltd}.|{p} studied at {ltd} and {p} at {ltd}.|{f}\n{ltd}\n{a}\n{ph} office|
Have you heard the new {f} album?|Who played {p} in the film about {f}?|{p} is from {city} and likes {w}.|{f}, {f} and {p} were late.|My name is {f} but everyone calls me {p}|I once lived in {a}. I now live in {a}.|{t} {f} {a}|what a game by {p} tonight|RT @user : {f} is back !|
met {p} at the {w} today , so nice|{p} 's {w} is broken again|I love {f} so much omg|on the way to {city} with {p} !!|{p} and {p} ( again ) at {ltd}|{f}: {e}|"author": "{f}", "email": "{e}"|// TODO({p}): fix the {w}|Copyright (c) 2021 {f}|@author {f}|
I forgot the password of {p}.|Is this the number of {f}?|Could you book a table for {p}?|{p} says hello.|happy birthday {p}!|Love, {p}|Goodbye from {p} and {p}.|Nobody but {p} knew about the {w}.|tell {p} that the {w} is ready|did {p} reply?|""".replace("\n", "\x00").split("|")
NOTHING = """The {w} rose by {n} percent in {m}.|Meeting on {d} at 10:00 in Room {n}.|Call {ph} for support.|Version {n}.{n}.{n} was released on {d}.|{c} opened a second office in {city}.|Our flight to {city} leaves on {d}.|ERROR {id}: connection to {ip} refused|
Order {id} shipped on {d} via DHL.|Install Docker, then run `make build`.|Open Settings > Privacy > Location Services.|Dear Customer, your statement is ready.|Hi team, the {w} is green again.|Hello World|To Whom It May Concern|Monday, {m} 4th|Jenkins and Maven run on Debian.|
The Quick Start Guide explains the Install Wizard.|Chapter {n}: The Great Depression|Total Due: {n}.00 EUR|United States of America|Bank of England raised rates.|Java and Kotlin run on the JVM; Ruby does not.|class UserAccount extends BaseModel implements Serializable|public static void main(String[] args)|
git commit -m "Fix Null Pointer in OrderService"|GET /api/v1/users/{id} HTTP/1.1|Host: api.example.com\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/120.0 Safari/537.36|{"id": {id}, "status": "Active", "type": "Premium Plan"}|Content-Type: application/json\nAuthorization: Bearer {id}|
Street View is not available here.|Main Street closed for repairs.|{n} apples and {n} pears|Serial {id}, Part No. {id}|IBAN check failed for {id}|Room {n}, Floor {n}|Step {n}: Press Start and hold Reset.|Lake View Hotel has {n} rooms.|Windows Server {n} R2 Standard|
The Product Manager and the Lead Engineer met.|In {m}, {c} and {c} merged.|Try Google Maps or OpenStreetMap.|Washington and Paris signed the treaty.|Easter Sunday and Good Friday are holidays.|phone={ph}&id={id}&city={city}|date,amount,currency\n{d},{n}.50,EUR\n{d},{n}.00,USD|
import java.util.List;\nimport org.junit.Test;|const API_KEY = "{id}"; // TODO rotate|SELECT Name, Address FROM Customers WHERE Id = {id};|name: Build And Test\non: push|# Getting Started\n\nRun the Setup Script first.|[INFO] Building Guardrails Module {n}.{n}|Temperature {n} C, Humidity {n} %|
FROM Eclipse-Temurin AS build\nRUN apt-get install {n}|Warning: Low Disk Space on {ip}|The Lord of the Rings is on TV.|Python 3.{n} and Node {n} LTS|Sales rose in North America, Latin America and Asia Pacific.|Please Read The Terms And Conditions|NASA and ESA launched it on {d}.|
Black Friday Sale: {n} % Off|Mr. and Mrs. are titles.|My card number is {id}|My zip code is {n}|What is the boiling point of water?|Click Accept or Decline.|Subject: Weekly Report\n\nThe {w} is attached.|Best Regards\nThe Support Team|Ticket {id} assigned to Tier {n} Support|{ltd} sued {ltd} in {m}.|{code}|{code}, {code}|Login failed for {e} from {ip}|{e}|mail {e} and {e}|We flew with {ltd} to {city}.|The {ltd} opens in {m}.|{city} beat {city} {n}:{n}|Sent from my iPhone|
I love Python, Django and Flask.|Happy New Year from {c}!|bernoulli(p), gaussian(mu), laplace(x)|class Foo: pass  # see Bar.baz|set-itemProperty -Path HKLM -Name Security -Value $newvalue|Zeige Hilfe an: `pacman -Rh`|Trevlig helg!|Mostra la lista dei pacchetti installati|
user@host:~$ ls -la /var/log|$params, $values, $options|Apply the Dijkstra algorithm, then a Fourier transform|Lorem Ipsum Dolor Sit Amet|God is great|Good Morning {city}!|IF YOU CAN READ THIS YOU ARE TOO CLOSE|GRANT SELECT ON Orders TO Reporting|<Customer><Order Id="{id}"/></Customer>|""".replace("\n", "\x00").split("|")
WORK = "budget|login form|release|water pump|contract|roadmap|payroll|migration|database|shoulder pain|search index|garden|invoice|security review|school trip|lecture|survey|printer|asthma|backlog|design|cache".split("|")
FIRMS = "Acme Corp|Blue Harbor Bank|Northwind Traders|Solara GmbH|Kestrel Hosting|Globex|Initech|Umbrella Logistics|Red Lantern Studio|Open Source Initiative|Central Hospital|City Council|Green Valley School|Apex Robotics|Delta Freight|Morning Star Bakery|Royal Mail|Deutsche Bahn".split("|")
MONTHS = "January February March April May June July August September October November December".split()
KEYS = ["name", "full_name", "fullName", "customer", "customerName", "contact", "recipient", "patient", "owner", "author", "employee", "assignee", "user", "displayName", "cardholder", "account_holder", "signatory", "Name", "Contact Person"]
ADDRESS_KEYS = ["address", "addr", "shipping_address", "billingAddress", "street", "home_address", "residence", "location", "Address", "deliver_to", "mailing_address"]
OTHER = [("status", ["active", "Open", "Pending Review", "CLOSED"]), ("plan", ["Premium", "Free Tier", "Gold"]), ("product", ["Desk Lamp", "Running Shoes", "Blue Widget", "Coffee Beans"]), ("country", ["US", "Germany", "Brazil", "South Korea"]), ("city", ["Paris", "New York", "San Jose", "Victoria"]), ("role", ["Admin", "Sales Manager", "Engineer"]), ("company", FIRMS), ("event", ["UserCreated", "OrderShipped"]), ("title", ["Summer Sale", "Quarterly Report", "Team Lead"])]


def filler(r, key):
    if key == "t":
        return r.choice(TITLES)
    if key == "d":
        return r.choice([f"{r.randint(1950, 2026)}-{r.randint(1, 12):02}-{r.randint(1, 28):02}", f"{r.randint(1, 28)} {r.choice(MONTHS)}", f"{r.choice(MONTHS)} {r.randint(1, 28)}, {r.randint(1950, 2026)}", f"{r.randint(1, 12)}/{r.randint(1, 28)}/{r.randint(1950, 2026)}"])
    if key == "ph":
        return r.choice([f"+{r.randint(1, 99)} {r.randint(100, 999)} {r.randint(100, 999)} {r.randint(1000, 9999)}", f"({r.randint(200, 999)}) 555-{r.randint(1000, 9999)}", f"0{r.randint(10, 99)} {r.randint(1000, 9999)} {r.randint(1000, 9999)}"])
    if key == "e":
        p = parts(r.choice(LOCALES))
        first, last = (re.sub(r"[^a-z]", "", unicodedata.normalize("NFKD", r.choice(p[k])).lower()) or "x" for k in ("first", "last"))
        user = r.choice(["info", "ops", f"{first}.{last}", f"{first}_{last}", f"{first[0]}{last}", f"{first}{r.randint(1, 99)}", f"{last}+{first}", f"{first}-{last}", last])
        return user + "@" + r.choice(["example.com", "mail.example.org", "corp.example", "univ.edu", "gmail.com", "yahoo.co.uk"])
    if key == "code":
        return r.choice(["IBAN", "SSN", "MRN", "SKU", "PNR", "VAT", "BIC", "NIN", "PIN", "ISBN", "UUID", "AWB", "NHS No.", "DL", "Passport"]) + r.choice([" ", ": ", " no. ", "=", "#"]) + r.choice([f"{r.choice(['DE', 'GB', 'ES', 'CH'])}{r.randint(10**15, 10**18)}", filler(r, "id")])
    if key == "ltd":
        return f"{r.choice(parts(r.choice(LOCALES))['last'])} {r.choice(['Ltd.', 'GmbH', 'Inc', 'LLC', 'and Sons', 'Group', 'Bank', 'Airlines', 'University', 'Street Bakery', 'Foundation', 'v. State', 'Award', 'Stadium'])}"
    if key == "id":
        return r.choice([str(r.randint(10000, 99999999)), f"{r.choice('ABCXZ')}{r.choice('DKQT')}-{r.randint(1000, 999999)}", f"{r.getrandbits(32):08x}", f"{r.randint(100, 999)}-{r.randint(10, 99)}-{r.randint(1000, 9999)}"])
    if key == "ip":
        return ".".join(str(r.randint(1, 254)) for _ in range(4))
    if key == "n":
        return str(r.randint(1, 400))
    if key == "m":
        return r.choice(MONTHS)
    if key == "w":
        return r.choice(WORK)
    if key == "c":
        return r.choice(FIRMS)
    if key == "city":
        return r.choice(parts(r.choice(LOCALES))["city"])
    return None


def fill(r, template):
    text, spans, i = "", [], 0
    for m in re.finditer(r"\{(\w+)\}", template):
        text += template[i : m.start()]
        key = m[1]
        if key in ("p", "f", "a"):
            value = person(r) if key == "p" else full(r) if key == "f" else address(r)
            spans.append((len(text), len(text) + len(value), "ADDRESS" if key == "a" else "PERSON"))
        else:
            value = filler(r, key)
            if value is None:
                value = m[0]
        text, i = text + value, m.end()
    return text + template[i:], spans


def record(r):
    """A row of a form, JSON, CSV, YAML, SQL, HTML or log, with some fields."""
    fields = []
    if r.random() < 0.85:
        fields.append((r.choice(KEYS), full(r) if r.random() < 0.9 else person(r), "PERSON"))
    if r.random() < 0.45:
        fields.append((r.choice(ADDRESS_KEYS), address(r), "ADDRESS"))
    if r.random() < 0.15:
        p = parts(r.choice(LOCALES))
        fields += [(r.choice(["first_name", "firstName", "given_name"]), r.choice(p["first"]), "PERSON"), (r.choice(["last_name", "lastName", "surname"]), r.choice(p["last"]), "PERSON")]
    for key, kind in r.sample([("phone", "ph"), ("email", "e"), ("id", "id"), ("dob", "d"), ("ip", "ip"), ("amount", "n")], r.randint(0, 3)):
        fields.append((key, filler(r, kind), None))
    for key, values in r.sample(OTHER, r.randint(0, 2)):
        fields.append((key, r.choice(values), None))
    if not fields:
        fields.append(("id", filler(r, "id"), None))
    r.shuffle(fields)
    shape = r.choice(["json", "json", "form", "csv", "yaml", "log", "sql", "html", "lines", "table", "xml", "python"])
    if shape not in ("json", "lines", "html"):
        fields = [(k, v.replace("\n", ", "), t) for k, v, t in fields]
    text, spans = "", []

    def put(value, kind):
        nonlocal text
        if kind:
            spans.append((len(text), len(text) + len(value), kind))
        text += value

    before, between, after, pair = {
        "json": ("{", ", ", "}", '"{k}": "{v}"'), "form": ("", "&", "", "{k}={v}"), "yaml": ("", "\n", "\n", "{k}: {v}"), "log": (f"{filler(r, 'd')} 10:2{r.randint(0, 9)}:01 INFO ", " ", "", '{k}="{v}"'),
        "sql": ("INSERT INTO users VALUES (", ", ", ");", "'{v}'"), "html": ("<table>", "", "</table>", "<tr><td>{k}</td><td>{v}</td></tr>"), "lines": ("", "\n", "", "{k}: {v}"), "table": ("| ", " | ", " |", "{v}"), "xml": ("<row>", "", "</row>", "<{k}>{v}</{k}>"),
        "csv": (",".join(k for k, _, _ in fields) + "\n", ",", "\n", '"{v}"' if r.random() < 0.5 else "{v}"), "python": ("dict(", ", ", ")", "{k}='{v}'")}[shape]
    if shape == "json":
        fields = [(k, v.replace("\n", "\\n"), t) for k, v, t in fields]
    text = before
    for i, (key, value, kind) in enumerate(fields):
        if i:
            text += between
        left, _, right = pair.partition("{v}")
        if shape == "form" and r.random() < 0.35:
            value = value.replace(" ", "+")
        text += left.replace("{k}", key)
        put(value, kind)
        text += right.replace("{k}", key)
    return text + after, spans


def row(r):
    x = r.random()
    if x < 0.5:
        text, spans = fill(r, r.choice(SENTENCES).strip("\x00").replace("\x00", "\n"))
    elif x < 0.72:
        return record(r)
    else:
        text, spans = fill(r, r.choice(NOTHING).strip("\x00").replace("\x00", "\n"))
    if r.random() < 0.25:
        more, other = fill(r, r.choice(SENTENCES if r.random() < 0.5 else NOTHING).strip("\x00").replace("\x00", "\n"))
        join = r.choice([" ", "\n", "\n\n"])
        spans = spans + [(s + len(text) + len(join), e + len(text) + len(join), k) for s, e, k in other]
        text = text + join + more
    return text, spans


def rows(seed, count):
    r = random.Random(seed)
    for _ in range(count):
        text, spans = row(r)
        if text.strip():
            yield text, spans


if __name__ == "__main__":
    import sys

    for text, spans in rows(int(sys.argv[1]), int(sys.argv[2])):
        print(json.dumps({"text": text, "spans": [{"start": s, "end": e, "type": t} for s, e, t in spans], "source": "own-names"}, ensure_ascii=False))
