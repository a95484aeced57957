"""Own grammar for toxicity rows: insults, threats, hate, harassment and sexual abuse in many phrasings, and the harmless
twins that share their words (figures of speech, swearing without a target, counter-speech, identity terms, reports).

Offensive on purpose: it is what the scanner must recognise. `rows(seed, count)` yields (text, labels); no labels = harmless,
"profanity" alone = not toxic.
"""
import json
import random

PEOPLE_OF = "immigrants|Muslims|Jews|Christians|women|gay people|trans people|black people|white people|Asians|Mexicans|refugees|disabled people|old people|Roma|Indians|Arabs|Africans|lesbians|foreigners|Catholics|Hindus|Chinese people|Turks|Poles".split("|")
ADJ = "stupid|useless|pathetic|worthless|disgusting|brainless|lazy|miserable|ugly|dumb|ignorant|talentless|spineless|rotten|filthy|clueless|incompetent|hopeless".split("|")
NOUN = "idiot|moron|clown|loser|imbecile|pig|coward|fool|parasite|rat|halfwit|cockroach|dimwit|scumbag|waste of space|bag of trash|disgrace|snake|creep|sheep|joke|troll|jackass|bastard|asshole|piece of shit|dickhead|dumbass|twat|prick".split("|")
WHO = "you|your whole family|this author|that reviewer|he|she|our manager|the new guy|everyone on that team|the mods here|whoever wrote this".split("|")
GEN = "garbage|trash|crap|rubbish|shit|dirt|nonsense".split("|")
SWEAR = "damn|fucking|bloody|goddamn|freaking|shitty".split("|")
THINGS = "compiler|printer|weather|traffic|exam|build|train|update|coffee machine|match|phone|queue|deadline|bug".split("|")
NAMES = "Tom|Anna|Raj|Mei|Omar|Kate|Luis|Ivy|Ben|Zoe".split("|")
PLACES = "work|home|school|the office|the gym|your street|the car park|the bus stop".split("|")

INSULT = """You are {a} {A} {N}.|What a {A} {N} you are.|You {A} {N}, learn to read.|Shut up, {N}.|Shut your mouth, nobody cares what you think.|Only a {N} would write this.|
Are you really this {A} or do you practise?|{name}, you're a {N} and everybody knows it.|Did your parents drop you on your head?|I have met doors with more brains than you.|
Your opinion is {G}, just like you.|Go back to school, {N}.|How did somebody as {A} as you get this job?|Everything you touch turns to {G}.|{name} is nothing but a {A} {N}.|
you're so {A} it hurts|lol what a {N}|get lost you {A} {N}|You have the mind of a {N} and the face of a {N}.|Congratulations, you found a way to be even more {A}.|
Whoever wrote this is a {A} {N}.|The author must be a complete {N}.|I bet even your dog is embarrassed by you.|No wonder nobody likes you.|You couldn't pour water out of a boot.|
This is what happens when a {N} gets a keyboard.|You disgust me.|God you're {A}.|imagine being this {A}|{name} smells like {G} and thinks like a {N}.|u r a {N}|fuck you, {N}|
fuck off {name}|Go screw yourself, you {A} {N}.|kiss my ass {N}|Nobody asked you, {N}.|Cry more, {N}.|Your work is as {A} as you are.|You are a {S} {N}.|what a {S} {N}""".replace("\n", "").split("|")
THREAT = """I will find you and you will regret this.|I know where you live, {name}.|Watch your back on the way to {place}.|You're dead when I see you at {place}.|
I'm going to break every bone in your body.|Say that again and I'll smash your teeth in.|I hope you die slowly, {name}.|Somebody should burn your house down.|
Next time I'm bringing a knife.|We will come for you and your children.|I'll kill you, {N}.|You won't see tomorrow.|Your family will pay for this.|Keep talking and see what happens to your car.|
One bullet is all it takes for {name}.|I'd love to push you in front of a train.|sleep with one eye open tonight|i swear i will hurt you|You'll be sorry when I'm waiting outside {place}.|
I'm going to make you bleed.|People like you get shot where I come from.|We're outside your house, {name}.|I will strangle you with my own hands.|Prepare to be beaten up after {place}.|
Nice little daughter you have. Would be a shame if something happened to her.|gonna slap you so hard you forget your name|somebody put a bullet in this {N}""".replace("\n", "").split("|")
HATE = """All {P} are {G}.|{P} should be sent back where they came from.|We don't want {P} in this country.|The world would be better without {P}.|{P} are a disease.|
Never trust {P}, they are all liars and thieves.|{P} breed like animals.|Typical {P}, always {A}.|I can't stand {P}, they ruin everything.|{P} do not deserve rights.|
Keep {P} away from our children.|{P} are less intelligent, that's just a fact.|His kind should not be allowed to vote, {P} never learn.|Gas all {P}.|Hang the {P}.|
Another crime, another one of those {P}. What a surprise.|{P} belong in the kitchen or in a cage.|If you hire {P} you get what you deserve.|{P} are not real humans.|
I'd rather die than live next to {P}.|Deport every last one of the {P}.|{P} control the banks and the press, wake up.|God hates {P}.|There's nothing worse than {P}, those {A} {N}s.|
Being one of those {P} is a mental illness.|no {P} allowed, they stink|{P} are vermin and should be wiped out|stop letting {P} into our schools, they're {A}""".replace("\n", "").split("|")
HARASS = """Kill yourself.|kys {name}|Nobody would miss you if you were gone.|Do the world a favour and disappear.|We all laugh at you behind your back.|You should never have been born.|
Delete your account and your life.|Everyone report {name} until she quits.|Let's all message {name} at night so he never sleeps.|Your mother should have aborted you.|
Nobody loves you and nobody ever will.|Go cry to your therapist, {N}.|I will post your address so that everyone can visit you.|Keep writing, we'll make your life hell.|
You deserve to be alone forever.|Quit before we make you quit, {name}.|go jump off a bridge|drink bleach {name}|you're a burden to everyone around you""".replace("\n", "").split("|")
SEXUAL = """Nice body, send me nudes or else.|You look like a whore in that dress.|Get on your knees, slut.|I'd rape you if I could.|Bet {name} slept with the boss to get the job.|
Show me your tits, {name}.|She's only good for one thing in bed.|What a dirty slut {name} is.|suck my dick {name}|women like her just need a good fuck|spread your legs, bitch|
Come sit on my lap, sweet thing, or you're fired.""".replace("\n", "").split("|")

PROFANE = """This {thing} is {S} broken again.|What the fuck is wrong with this {thing}?|Holy shit, that was a great game!|Damn, I missed the train.|fuck yeah, we shipped it|Shit happens, let's move on.|
That movie was {S} brilliant.|I'm so {S} tired today.|oh crap I forgot the keys|The {thing} sucks, what a load of {G}.|hell no, I am not doing that again|WTF happened to the {thing}?|
I fucked up the merge, sorry everyone.|This code is shit and it is my own fault.|bloody {thing}, always the same|No fucking way, that's amazing!|My ass hurts from sitting all day.|
Stop this bullshit {thing} already.|it was cold as hell|damn good coffee|well that was a shitshow of a {thing}|I don't give a damn about the {thing}.""".replace("\n", "").split("|")
BENIGN = """Kill the process and restart the {thing}.|I'm dying to see the new {thing}.|You killed it on stage last night, {name}!|The children process was orphaned, kill -9 it.|That joke slayed me.|
{P} deserve the same rights as everyone else.|I am proud to work with {P} every day.|Saying that {P} are {G} is wrong and hurtful.|Please stop calling {P} names; it isn't funny.|
No, {P} are not a disease. Shame on those who say so.|He was arrested for writing "all {P} are {G}" on a wall.|The report documents attacks on {P} in three cities.|My neighbours are {P} and we share a garden.|
Nobody should be told to kill themselves. If you feel that way, call a helpline.|She wrote that she received death threats after the talk.|The novel's villain says: "I know where you live."|
Some of my best teachers were {P}.|{P} have lived in this town since 1890.|Are there support groups for {P} near {place}?|The exhibition shows art by {P}.|I hate it when the {thing} is late.|
I hate {thing}s.|This is the worst {thing} I ever bought, I want my money back.|Your argument is weak because it ignores the second table.|I disagree with you, {name}; the numbers say otherwise.|
Your report was late and has errors on page two. Please fix them.|I was such an idiot, I left my wallet at {place}.|I feel stupid when I forget names.|Silly me, I pressed the wrong button.|
What does the word {N} mean?|Is "{N}" an insult in British English?|The idiot's guide to the {thing}.|Idiot-proof packaging for the {thing}.|The pig farm sells to {place}.|The rat was fed twice a day.|
The clown made the children laugh.|A cockroach was found near the {thing}.|Shoot me an e-mail when you're at {place}.|Let's shoot the scene at noon.|Take a stab at the exercise.|Break a leg, {name}!|
I could murder a pizza.|This {thing} will be the death of me.|He bombed the interview.|We'll crush the competition.|The knife set is on sale.|How do I kill weeds without poison?|The deadline is killing us.|
The master branch was renamed.|Blacklist the IP and whitelist ours.|The sex of the fish is set by temperature.|Sex education starts in grade five.|Breast cancer screening is free for women over 50.|
The gay bar on the corner has great music.|As a trans woman I love this app.|I'm black and I love skiing.|My Muslim friend fasts in Ramadan.|The Jewish museum opens at ten.|We are old, disabled and proud.|
Never use the word "{N}" for a colleague.|Do not tolerate hate against {P}.|I won't be silent when {P} are called {G}.|You are not stupid, {name}, the task is hard.|You're not a loser. Everyone fails sometimes.|
You are amazing, {name}!|Thank you for your patience.|you're a star|You're wrong about the {thing}, but thanks for the reply.|Don't be so hard on yourself.|Nobody cares about the {thing} any more.|
Get out of the building if the alarm rings.|Shut down the server at {place}.|Watch your step on the way to {place}.|I will find you a seat.|We know where you parked; the bill is attached.|
You will regret not buying this {thing}!|I'm going to hit the gym.|I'll beat you at chess, {name}.|Your mother called, she wants you to come to {place}.|Nobody likes the new {thing}.|The trash goes out on Monday.|
Garbage collection pauses were long.|This is rubbish weather.|Why do some people hate {P}?|How can I help a friend who is bullied at {place}?|How do I report harassment at {place}?|
The court sentenced him for threats against {P}.|In the film she says "You are a {A} {N}" and leaves.|The song has the line "shut up, {N}".|He called me a {A} {N} and I reported it.|
Please delete my account.|Everyone, please report to {place}.|The {thing} has a fatal error: child died with signal 9.|abort the transaction, then kill the session|Dumb question: how do I start the {thing}?|
The {thing} is dumb but cheap.|Useless feature, remove it from the {thing}.|What a pathetic {thing}.|{name} is not the problem; the {thing} is.|Women and men were paid the same.|{P} and their allies marched on Sunday.""".replace("\n", "").split("|")


def fill(r, template):
    for key, values in (("A", ADJ), ("N", NOUN), ("P", PEOPLE_OF), ("G", GEN), ("S", SWEAR), ("thing", THINGS), ("name", NAMES), ("place", PLACES), ("a", ["a", "such a", "one"])):
        while "{" + key + "}" in template:
            template = template.replace("{" + key + "}", r.choice(values), 1)
    return template[0].upper() + template[1:] if template[:1].islower() and r.random() < 0.5 else template


def noise(r, text):
    x = r.random()
    if x < 0.06:
        return text.upper()
    if x < 0.2:
        return text.lower().rstrip(".")
    if x < 0.24:
        return text.translate(str.maketrans("aeio", "4310"))
    if x < 0.27:
        i = r.randrange(len(text))
        return text[:i] + "*" + text[i + 1 :]
    if x < 0.36:
        return text + r.choice([" lol", " smh", "!!!", " #truth", " 😂", " 🤡", " @user", " ..."])
    if x < 0.42:
        return r.choice(["@user ", "Honestly, ", "RT @user: ", "Listen, ", "And another thing: ", "Btw "]) + text
    return text


def rows(seed, count):
    r = random.Random(seed)
    kinds = [("insult", INSULT), ("threat", THREAT), ("hate", HATE), ("harassment", HARASS), ("sexual", SEXUAL)]
    weights = [34, 24, 26, 10, 6]
    for i in range(count):
        if i % 2 == 0:
            name, templates = r.choices(kinds, weights)[0]
            text, labels = fill(r, r.choice(templates)), {name}
            if r.random() < 0.12:
                other, more = r.choices(kinds, weights)[0]
                text, labels = text + " " + fill(r, r.choice(more)), labels | {other}
            elif r.random() < 0.12:
                text = text + " " + fill(r, r.choice(BENIGN))
        elif r.random() < 0.2:
            text, labels = fill(r, r.choice(PROFANE)), {"profanity"}
        else:
            text, labels = fill(r, r.choice(BENIGN)), set()
            if r.random() < 0.2:
                text += " " + fill(r, r.choice(BENIGN))
        if any(w in text.lower() for w in ("fuck", "shit", "damn", "ass ", "asshole", "crap", "bitch", "bastard", "dick", "bloody")):
            labels.add("profanity")
        yield noise(r, text), sorted(labels)


SLURS = ("fuck", "shit", "damn", "ass ", "asshole", "crap", "bitch", "bastard", "dick", "bloody", "hell")


def more(seed, count):
    """The same from the rules of phrases_toxicity.txt."""
    import phrases

    r = random.Random(seed)
    kinds = [("insult", "insult2"), ("threat", "threat2"), ("hate", "hate2x"), ("harassment", "harass2"), ("sexual", "sexual2")]
    for i in range(count):
        x = r.random()
        if x < 0.1:
            text, labels = phrases.phrase(r, "veiled"), {"insult"}
        elif x < 0.22:
            text, labels = phrases.phrase(r, "harmlessx"), set()
        elif x < 0.54:
            name, rule = r.choices(kinds, [44, 18, 26, 8, 4])[0]
            text, labels = phrases.phrase(r, rule), {name}
            if r.random() < 0.2:
                other, rule = r.choices(kinds, [44, 18, 26, 8, 4])[0]
                text, labels = text + r.choice([". ", ", ", " ", "! ", "\n"]) + phrases.phrase(r, rule), labels | {other}
            elif r.random() < 0.25:
                calm = phrases.phrase(r, r.choice(["benign2", "profane2", "talk"]))
                text = calm + r.choice([". ", " ", "! "]) + text if r.random() < 0.5 else text + r.choice([". ", " ", "! "]) + calm
        elif x < 0.66:
            text, labels = phrases.phrase(r, "profane2"), {"profanity"}
        else:
            text, labels = phrases.phrase(r, "benign2"), set()
            if r.random() < 0.25:
                text += r.choice([". ", " ", "! "]) + phrases.phrase(r, r.choice(["benign2", "profane2"]))
        if any(w in text.lower() for w in SLURS):
            labels.add("profanity")
        yield noise(r, text), sorted(labels)


if __name__ == "__main__":
    import sys

    for text, labels in rows(int(sys.argv[1]), int(sys.argv[2])):
        print(json.dumps({"text": text, "label": int(bool(set(labels) - {"profanity"})), "kind": "+".join(labels) or "harmless", "source": "own-toxicity"}, ensure_ascii=False))
