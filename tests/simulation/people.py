"""What people do to a network between two looks: write, correct, break, mend, decide, stop."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from copy import deepcopy
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from herald.model.delivery import DeliveryState, Reason
from tests.simulation.life import Life
from tests.simulation.sites import Entry, Meeting, Sites
from tests.simulation.world import Campaign, Item, Slot

TAGS = ["en", "it", "pt"]
ZONES = ["Europe/Rome", "Europe/Lisbon"]
ODD_HOURS = [time(2, 30), time(1, 30), time(0, 0), time(23, 50), time(3, 0)]
"""Where clock changes and midnights are."""


class People:
    """Officers, partners and the operator, all of one mind: the dice."""

    def __init__(self, life: Life, sites: Sites, dice: random.Random) -> None:
        self.life = life
        self.sites = sites
        self.dice = dice
        self.names = 0
        self.deleted: list[Campaign] = []

    async def act(self) -> None:
        """Do one thing; nobody leaves a stop or a refusal standing for ever."""
        if self.dice.random() < 0.25:
            await self.go()
            await self.confirm()
            await self._approve_all()
        acts = [*self._edits()] * 3 + [*self._decisions()] * 2 + [*self._troubles()]
        await self.dice.choice(acts)()

    # ------------------------------------------------------------------ making

    def name(self, prefix: str) -> str:
        """Return a name that was never used."""
        self.names += 1
        return f"{prefix}{self.names}"

    def local(self, zone: str, *, most_days: float = 9) -> datetime:
        """Return a local moment ahead, now and then a little past."""
        ahead = timedelta(minutes=self.dice.randrange(-600, int(most_days * 1440)))
        moment = (self.life.clock.now() + ahead).astimezone(ZoneInfo(zone))
        moment = moment.replace(tzinfo=None, second=0, microsecond=0, fold=0)
        if self.dice.random() < 0.3:
            moment = datetime.combine(moment.date(), self.dice.choice(ODD_HOURS))
        return moment

    def campaign(self, *, series: bool = False) -> Campaign:
        """Make a campaign with a few items."""
        name = self.name("c")
        made = Campaign(
            id=name,
            file=name,
            languages=self.dice.sample(TAGS, self.dice.choice([1, 2, 3])),
            channels=self.dice.sample(["calm", "wild", "lisbon"], self.dice.choice([1, 2, 3])),
            zone=self.dice.choice(ZONES),
            approve=self.dice.choice(["auto", "auto", "manual"]),
            project=self.dice.choice(["", "eco"]),
            missing=self.dice.choice(["skip", "skip", "lead", "hold"]),
            late_hours=self.dice.choice([1, 6, 24]),
            catch_up=self.dice.choice(["post", "post", "skip", "ask"]),
        )
        if self.dice.random() < 0.4:
            made.window = {"days": "mon-fri", "hours": "09:00-19:00"}
        for _ in range(self.dice.randrange(2, 6)):
            made.items.append(self.item(made))
        if series:
            made.series = {
                "id": "weekly",
                "kinds": ["good_practice"],
                "every": self.dice.choice(["weekday", "day", "wednesday"]),
                "at": self.dice.choice(["10:00", "02:30", "18:50"]),
            }
            made.items += [self.card(made) for _ in range(4)]
        return made

    def card(self, campaign: Campaign) -> Item:
        """Make a card for a series."""
        return Item(
            id=self.name("g"),
            kind="good_practice",
            languages=self._languages(campaign),
            zone=campaign.zone,
        )

    def item(self, campaign: Campaign) -> Item:
        """Make an item with some occasions."""
        made = Item(
            id=self.name("i"),
            kind=self.dice.choice(["news", "event"]),
            languages=self._languages(campaign),
            zone=self.dice.choice([campaign.zone, *ZONES]),
            partner=self.dice.choice(["", "mill", "salt"]),
        )
        if made.kind == "event":
            made.begins = self.local(made.zone, most_days=15)
        for _ in range(self.dice.choice([1, 1, 2, 3])):
            if (slot := self.slot(made)) is not None:
                made.slots.append(slot)
        if made.slots and made.slots[0].form == "on" and self.dice.random() < 0.3:
            made.slots[0].own_text = False
        return made

    def slot(self, item: Item) -> Slot | None:
        """Make an occasion that the item does not have yet."""
        forms = (
            ["on", "on", "every"] if item.begins is None else ["on", "before", "before", "after"]
        )
        at = self.dice.choice([time(10, 0), time(18, 0), *ODD_HOURS])
        made = Slot(name=self.name("s"), form=self.dice.choice(forms), at=at)
        match made.form:
            case "on":
                made.local = self.local(item.zone)
            case "every":
                made.weekday = self.dice.choice(["friday", "monday", "day", "weekday"])
            case _:
                made.days = self.dice.choice([0, 1, 2, 3, 5, 7])
        if self.dice.random() < 0.2:
            made.id = f"own-{made.name}"
        made.draft = self.dice.random() < 0.1
        if any(made.occasion() == other.occasion() for other in item.slots):
            return None
        return made

    def _languages(self, campaign: Campaign) -> list[str]:
        most = self.dice.randint(1, len(campaign.languages))
        return [tag for tag in campaign.languages if self.dice.random() < 0.8][:most] or [
            campaign.languages[0]
        ]

    def _any_item(self) -> tuple[Campaign, Item] | None:
        there = [(one, item) for one in self.life.world.campaigns for item in one.items]
        return self.dice.choice(there) if there else None

    # ------------------------------------------------------------------ edits

    def _edits(self) -> list[Callable[[], Awaitable[None]]]:
        edits = [
            self.new_item, self.new_item, self.drop_item, self.new_slot, self.drop_slot,
            self.retext, self.retext, self.move_slot, self.move_slot, self.move_event,
            self.reorder, self.rename_file, self.rename_item, self.retranslate, self.rechannel,
            self.draft, self.cancel, self.new_file, self.drop_file, self.restore_file,
            self.break_file, self.mend_file, self.pause_in_file, self.reset_campaign,
            self.reset_channel, self.requiet, self.retime,
        ]  # fmt: skip
        return [self._then_replan(edit) for edit in edits]

    def _then_replan(self, edit: Callable[[], str | None]) -> Callable[[], Awaitable[None]]:
        async def edited() -> None:
            did = edit()
            if did is None:
                return
            self.life.note(did)
            compared = await self.life.replan()
            self.life.counts["edits"] += 1
            if compared.difference.refused:
                self.life.counts["mass withdrawals refused"] += 1
                self.life.note(f"refused {compared.difference.withdrawals} withdrawals")

        return edited

    def new_item(self) -> str | None:
        campaign = self.dice.choice(self.life.world.campaigns or [None])
        if campaign is None:
            return None
        campaign.items.append(item := self.item(campaign))
        return f"new item {campaign.id}/{item.id} {item.begins} {item.slots}"

    def drop_item(self) -> str | None:
        if (found := self._any_item()) is None:
            return None
        campaign, item = found
        campaign.items.remove(item)
        return f"drop item {campaign.id}/{item.id}"

    def new_slot(self) -> str | None:
        if (found := self._any_item()) is None or found[1].kind == "good_practice":
            return None
        slot = self.slot(found[1])
        if slot is None:
            return None
        found[1].slots.append(slot)
        return f"new occasion {found[1].id} {slot}"

    def drop_slot(self) -> str | None:
        found = self._any_item()
        if found is None or not found[1].slots:
            return None
        slot = self.dice.choice(found[1].slots)
        found[1].slots.remove(slot)
        self.life.promises.relocated.add(found[1].id)
        return f"drop occasion {found[1].id} {slot}"

    def retext(self) -> str | None:
        if (found := self._any_item()) is None:
            return None
        _, item = found
        item.version += 1
        for slot in item.slots:
            slot.version += self.dice.choice([0, 1])
        return f"new words for {item.id}"

    def move_slot(self) -> str | None:
        found = self._any_item()
        if found is None or not found[1].slots:
            return None
        item = found[1]
        slot = self.dice.choice(item.slots)
        before = deepcopy(slot)
        match slot.form:
            case "on":
                assert slot.local is not None
                by = self.dice.choice([-1440, -90, -30, 15, 60, 300, 1440, 4000])
                slot.local += timedelta(minutes=by)
            case "every":
                slot.weekday = self.dice.choice(["friday", "monday", "day", "weekday"])
            case _:
                slot.days = self.dice.choice([0, 1, 2, 3, 5, 7])
        if [other.occasion() for other in item.slots].count(slot.occasion()) > 1:
            item.slots[item.slots.index(slot)] = before
            return None
        self.life.promises.relocated.add(item.id)
        return f"move {item.id} {before} to {slot.local or slot.days or slot.weekday}"

    def retime(self) -> str | None:
        found = self._any_item()
        if found is None or not found[1].slots:
            return None
        slot = self.dice.choice(found[1].slots)
        slot.at = self.dice.choice([time(9, 0), time(17, 0), *ODD_HOURS])
        return f"{found[1].id} {slot.name} at {slot.at}"

    def move_event(self) -> str | None:
        found = self._any_item()
        if found is None or found[1].begins is None:
            return None
        item = found[1]
        item.begins += timedelta(hours=self.dice.choice([-48, -3, 2, 24, 24 * 7]))
        self.life.promises.relocated.add(item.id)
        return f"event {item.id} begins {item.begins}"

    def reorder(self) -> str:
        self.dice.shuffle(self.life.world.campaigns)
        for campaign in self.life.world.campaigns:
            self.dice.shuffle(campaign.items)
            for item in campaign.items:
                self.dice.shuffle(item.slots)
        return "reorder everything"

    def rename_file(self) -> str | None:
        whole = [one for one in self.life.world.campaigns if not one.broken]
        if not whole:
            return None
        campaign = self.dice.choice(whole)
        before, campaign.file = campaign.file, self.name("f")
        return f"rename {before} to {campaign.file}"

    def rename_item(self) -> str | None:
        if (found := self._any_item()) is None or found[1].kind == "good_practice":
            return None
        item = found[1]
        before, item.id = item.id, self.name("r")
        self.life.promises.renamed.add(item.tag)
        return f"item {before} is now {item.id}"

    def retranslate(self) -> str | None:
        if (found := self._any_item()) is None:
            return None
        campaign, item = found
        tag = self.dice.choice(campaign.languages)
        if tag not in item.languages:
            item.languages.append(tag)
        elif len(item.languages) > 1:
            item.languages.remove(tag)
        else:
            return None
        return f"{item.id} is in {item.languages}"

    def rechannel(self) -> str | None:
        if (found := self._any_item()) is None:
            return None
        item = found[1]
        item.channels = self.dice.choice([[], ["calm"], ["wild", "calm"], ["lisbon"]])
        return f"{item.id} goes to {item.channels}"

    def draft(self) -> str | None:
        found = self._any_item()
        if found is None or not found[1].slots:
            return None
        slot = self.dice.choice(found[1].slots)
        slot.draft = not slot.draft
        return f"{found[1].id} {slot.name} draft {slot.draft}"

    def cancel(self) -> str | None:
        if (found := self._any_item()) is None:
            return None
        item = found[1]
        item.status = "planned" if item.status != "planned" else "cancelled"
        return f"{item.id} is {item.status}"

    def new_file(self) -> str | None:
        if len(self.life.world.campaigns) > 4:
            return None
        self.life.world.campaigns.append(made := self.campaign())
        return f"new file {made}"

    def drop_file(self) -> str | None:
        if len(self.life.world.campaigns) < 2:
            return None
        campaign = self.dice.choice(self.life.world.campaigns)
        self.life.world.campaigns.remove(campaign)
        self.deleted.append(campaign)
        return f"delete file of {campaign.id}"

    def restore_file(self) -> str | None:
        if not self.deleted:
            return None
        campaign = self.deleted.pop()
        self.life.world.campaigns.append(campaign)
        return f"restore file of {campaign.id}"

    def break_file(self) -> str | None:
        campaign = self.dice.choice(self.life.world.campaigns or [None])
        if campaign is None:
            return None
        campaign.broken = True
        return f"break {campaign.id}"

    def mend_file(self) -> str | None:
        broken = [one for one in self.life.world.campaigns if one.broken]
        for one in broken:
            one.broken = False
        return f"mend {[one.id for one in broken]}" if broken else None

    def pause_in_file(self) -> str | None:
        world = self.life.world
        what = self.dice.choice(["channel", "partner", "campaign"])
        if self.life.promises.file_stops:  # let go more often than stop
            world.paused_channels.clear()
            world.paused_partners.clear()
            for one in world.campaigns:
                one.paused = False
            return "nothing is paused in a file"
        match what:
            case "channel":
                world.paused_channels ^= {name := self.dice.choice([*world.channels])}
            case "partner":
                world.paused_partners ^= {name := self.dice.choice(world.partners)}
            case _:
                campaign = self.dice.choice(world.campaigns or [None])
                if campaign is None:
                    return None
                campaign.paused, name = not campaign.paused, campaign.id
        return f"toggle paused in the file of {what} {name}"

    def reset_campaign(self) -> str | None:
        campaign = self.dice.choice(self.life.world.campaigns or [None])
        if campaign is None:
            return None
        match self.dice.randrange(6):
            case 0:
                campaign.approve = self.dice.choice(["auto", "manual"])
            case 1:
                campaign.late_hours = self.dice.choice([1, 6, 24])
            case 2:
                campaign.catch_up = self.dice.choice(["post", "skip", "ask"])
            case 3:
                campaign.missing = self.dice.choice(["skip", "lead", "hold"])
            case 4:
                campaign.window = (
                    None if campaign.window else {"days": "mon-fri", "hours": "09:00-19:00"}
                )
            case _:
                campaign.project = self.dice.choice(["", "eco"])
        return (
            f"{campaign.id}: {campaign.approve} {campaign.late_hours} {campaign.catch_up}"
            f" {campaign.missing} {campaign.window} {campaign.project}"
        )

    def reset_channel(self) -> str:
        world = self.life.world
        name = self.dice.choice([*world.channels])
        world.channels[name] = self.dice.choice([[], ["en"], ["it", "en"], ["pt"], ["pt", "it"]])
        return f"{name} speaks {world.channels[name]}"

    def requiet(self) -> str:
        world = self.life.world
        world.quiet = self.dice.choice(["", "20:00-08:30", "12:00-14:00"])
        return f"quiet hours {world.quiet}"

    # ------------------------------------------------------------------ decisions

    def _decisions(self) -> list[Callable[[], Awaitable[None]]]:
        return [
            self.approve, self.approve, self.hold, self.release, self.release, self.withdraw,
            self.retry, self.stop, self.go, self.go, self.go, self.confirm, self.confirm,
        ]  # fmt: skip

    async def _decide(self, verb: str, *states: DeliveryState, reasons: set[Reason] | None) -> None:
        rows = [
            row
            for row in await self.life.app.store.list_deliveries(states=states)
            if reasons is None or row.reason in reasons
        ]
        if not rows:
            return
        for row in self.dice.sample(rows, min(len(rows), self.dice.choice([1, 3, 20]))):
            if verb == "approve":
                self.life.promises.approved[row.key] = (row.payload.text, row.due_at)
            changed, _ = await self.life.app.desk.decide(verb, keys=(row.key,))
            if changed and verb in {"release", "retry"}:
                self.life.promises.by_hand.add(row.key)
            self.life.counts[f"{verb} {'done' if changed else 'refused'}"] += 1
        self.life.note(f"{verb} some")

    async def _approve_all(self) -> None:
        held = (DeliveryState.HELD,)
        for row in await self.life.app.store.list_deliveries(states=held):
            if row.reason is Reason.APPROVAL:
                self.life.promises.approved[row.key] = (row.payload.text, row.due_at)
                await self.life.app.desk.decide("approve", keys=(row.key,))
                self.life.counts["approve done"] += 1

    async def approve(self) -> None:
        await self._decide("approve", DeliveryState.HELD, reasons={Reason.APPROVAL})

    async def hold(self) -> None:
        await self._decide("hold", DeliveryState.PENDING, reasons=None)

    async def release(self) -> None:
        await self._decide("release", DeliveryState.HELD, reasons=None)

    async def withdraw(self) -> None:
        if self.dice.random() < 0.3:
            held = (DeliveryState.PENDING, DeliveryState.HELD, DeliveryState.FAILED)
            await self._decide("withdraw", *held, reasons=None)

    async def retry(self) -> None:
        await self._decide("retry", *DeliveryState, reasons=None)

    async def stop(self) -> None:
        scope, name = self._anything()
        await self.life.app.desk.pause(scope, name, because="a test")
        self.life.promises.stops.add((scope, name))
        self.life.note(f"pause {scope} {name}")

    async def go(self) -> None:
        for scope, name in sorted(self.life.promises.stops):
            await self.life.app.desk.resume(scope, name)
            self.life.note(f"resume {scope} {name}")
        self.life.promises.stops.clear()

    def _anything(self) -> tuple[str, str]:
        world = self.life.world
        scope = self.dice.choice(["everything", "channel", "partner", "campaign"])
        names = {
            "everything": [""],
            "channel": [*world.channels],
            "partner": [*world.partners],
            "campaign": [one.id for one in world.campaigns] or ["none"],
        }
        return scope, self.dice.choice(names[scope])

    async def confirm(self) -> None:
        compared = await self.life.app.compare()
        if compared.difference.refused:
            self.life.note(f"confirm {compared.difference.withdrawals} withdrawals")
            await self.life.replan(confirmed=compared.difference.hash)
            self.life.counts["mass withdrawals confirmed"] += 1

    # ------------------------------------------------------------------ troubles

    def _troubles(self) -> list[Callable[[], Awaitable[None]]]:
        return [self.crash, self.crash, self.restart, self.night, self.weekend, *self._news()]

    async def crash(self) -> None:
        self.life.accounts["wild"].crash = self.dice.choice(["before", "after"])

    async def restart(self) -> None:
        await self.life.rest(timedelta(seconds=self.dice.choice([1, 600])))

    async def night(self) -> None:
        await self.life.rest(timedelta(hours=self.dice.choice([2, 9, 14])))

    async def weekend(self) -> None:
        if self.dice.random() < 0.4:
            await self.life.rest(timedelta(days=self.dice.choice([2, 7])))

    def _news(self) -> list[Callable[[], Awaitable[None]]]:
        if not self.life.world.feeds:
            return []
        news = [self.publish, self.publish, self.publish, self.re_edit, self.re_guid, self.call_off]
        return [*news, self.site_down]

    async def publish(self) -> None:
        partner = self.dice.choice([*self.sites.news])
        now = self.life.clock.now()
        for _ in range(self.dice.choice([1, 1, 4])):
            name = self.name("n")
            self.sites.news[partner].append(Entry(name, f"guid-{name}", now))
        if self.dice.random() < 0.5:
            begins = now + timedelta(hours=self.dice.randrange(20, 300))
            self.sites.calendars["cal"].append(Meeting(self.name("m"), begins))
        self.life.note(f"news of {partner}")

    async def re_edit(self) -> None:
        entries = [entry for those in self.sites.news.values() for entry in those]
        if entries:
            self.dice.choice(entries).version += 1

    async def re_guid(self) -> None:
        entries = [entry for those in self.sites.news.values() for entry in those]
        if entries:
            entry = self.dice.choice(entries)
            entry.guid = f"guid-{self.name('again')}"
            self.life.note(f"{entry.name} has another guid")

    async def call_off(self) -> None:
        if meetings := self.sites.calendars["cal"]:
            meeting = self.dice.choice(meetings)
            meeting.sequence += 1
            if self.dice.random() < 0.5:
                meeting.status = "CANCELLED"
            else:
                meeting.begins += timedelta(hours=self.dice.choice([-2, 5, 48]))
            self.life.note(f"{meeting.name} {meeting.status} {meeting.begins}")

    async def site_down(self) -> None:
        self.sites.down ^= {self.dice.choice([*self.sites.news, "cal"])}
