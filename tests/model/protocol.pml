/* The journal's protocol for `spin`: three runners, two sweeps, crashes, lost answers, all states.
 *
 * Runners 0 and 1 were delivered the same action 0, runner 2 has action 1 on the same entity.
 * Each `atomic` is one request to the store, to the platform or by an engine, and what its sender
 * decides before the next one; a store answers from what was written last, as object stores do.
 *
 * The world may kill a run with its engine between any two requests, keep it waiting for as long
 * as it likes, and lose an answer. A run is taken for dead when it has shown no sign of life for
 * DEAD_AFTER, by the store's clock, and its CI calls it over. A living one may be silent, and a CI
 * may call over what still works on a machine that it has lost; not both at once: on that the
 * protocol rests. A CI starts a run again only after its end.
 *
 * Each switch plants a bug; `test_model.py` says which promise it breaks.
 */

#ifndef DEATHS
#define DEATHS 2
#endif
#ifndef LOST
#define LOST 1
#endif
#ifndef RUNNERS
#define RUNNERS 3
#endif

#define ATTEMPTS 3
#define AT(a, n) ((a) * ATTEMPTS + (n))
#define FIRST_SWEEP 3
#define LAST_SWEEP 4
#define NOBODY 15

#define PENDING 0
#define SUCCESS 1
#define FAILED 2

/* The store: of each attempt whose it is, its end, whether the platform knows that, its marker. */
byte begin[6] = NOBODY;
byte end[6];
bool delivered[6];
bool marker[6];
bool open[2];
byte lock = NOBODY;             /* whose engine has the state's lock */
bool saved;                     /* whether the state knows what exists */

byte built;                     /* how many things exist */
byte shown[2];                  /* what the platform shows of each action */
byte working;                   /* how many living engines change things */

bool gone[5];                   /* by owner: dead, or come to its end */
byte deaths = DEATHS, lost = LOST;

#define settled (gone[0] && gone[1] && gone[2] && gone[FIRST_SWEEP])

/* Whether an owner is known to be dead: some time after its end, and never while it lives. */
inline judge(who) {
	if
	:: gone[who] -> is_dead = true
	:: gone[who] && !settled -> is_dead = false
#if defined(WRONG_CLOCK)        /* its heartbeat seems old, and its CI has lost its machine */
	:: !gone[who] -> is_dead = true
#elif defined(CI_NOT_ASKED)     /* it is silent for a while */
	:: !gone[who] && me >= FIRST_SWEEP -> is_dead = true
#endif
	:: !gone[who] -> is_dead = false
	fi
}

#define LAST_BEGIN(a) (begin[AT(a, 2)] != NOBODY -> 2 : (begin[AT(a, 1)] != NOBODY -> 1 : \
	(begin[AT(a, 0)] != NOBODY -> 0 : ATTEMPTS)))
#define LAST_END(a) (end[AT(a, 2)] != PENDING -> end[AT(a, 2)] : \
	(end[AT(a, 1)] != PENDING -> end[AT(a, 1)] : end[AT(a, 0)]))

inline may_die() {
	if
	:: deaths > 0 && me != LAST_SWEEP -> deaths--; goto dead
	:: true
	fi
}

inline write_end(status) {      /* create-if-absent; `mine` when it was not there */
	mine = (end[AT(a, n)] == PENDING);
	if
	:: mine -> end[AT(a, n)] = status
	:: else
	fi
}

/* Tell the platform, which takes a final status once; `heard` is false when the answer is lost. */
inline tell(status) {
	if
	:: shown[a] == PENDING ->
		assert(status != SUCCESS || (built == 1 && saved));
		shown[a] = status
	:: else
	fi;
	heard = true;
	if
	:: lost > 0 && me != LAST_SWEEP -> lost--; heard = false
	:: true
	fi
}

/* Others' markers: `rival` for one at work; `doubt` for one that is over or dead, since what it
 * did may not be in the state. */
inline look_for_rivals() {
	rival = false; doubt = false; i = 0;
	do
	:: i < 6 ->
		if
		:: !marker[i] || i == AT(a, n) -> skip
		:: else ->
			if
			:: end[i] != PENDING || (i % ATTEMPTS < 2 && begin[i + 1] != NOBODY) -> doubt = true
			:: else ->
				judge(begin[i]);
				if
				:: is_dead -> doubt = true
				:: else -> rival = true
				fi;
				is_dead = false
			fi
		fi;
		i++
	:: else -> i = 0; break
	od
}

proctype Runner(byte me; byte a) {
	byte n, i, verdict;
	bool heard, rival, doubt, mine, again, is_dead;

	atomic {
		may_die();
		if
		:: shown[a] != PENDING -> goto dead
		:: else
		fi
	}
	atomic { may_die(); open[a] = true }

	/* Claim: create the first attempt's begin where there is none. A store whose answer was lost
	 * is asked again, and the record's token then tells whose it is. */
	atomic {
		may_die();
#ifdef CREATE_IS_PUT
		begin[AT(a, 0)] = me; goto change;
#else
		if
		:: begin[AT(a, 0)] == NOBODY -> begin[AT(a, 0)] = me; goto change
		:: else
		fi
#endif
	}
	/* Or follow the last attempt: tell its end again, leave it alone, or take over from a dead. */
	atomic {
		may_die();
		n = LAST_BEGIN(a);
		verdict = end[AT(a, n)];
		if
		:: verdict != PENDING -> goto report
		:: verdict == PENDING && n == 2 -> goto dead
		:: else -> judge(begin[AT(a, n)])
		fi;
		if
		:: is_dead -> is_dead = false
		:: else -> goto dead
		fi
	}
	atomic {
		may_die();
		if
		:: begin[AT(a, n + 1)] == NOBODY -> n++; begin[AT(a, n)] = me
		:: else -> goto dead
		fi
	}
	atomic { may_die(); open[a] = true }
#ifndef NO_SECOND_LOOK
	/* A sweep may have ended the dead attempt meanwhile, and tells so. */
	atomic {
		may_die();
		verdict = end[AT(a, n - 1)];
		if
		:: verdict != PENDING -> goto finish
		:: else
		fi
	}
#endif

change:
	/* The marker stands before others' are looked for, so that of two at least one sees one. */
#ifdef CHECK_THEN_MARK
	atomic {
		may_die();
		look_for_rivals();
		if
		:: doubt || rival -> rival = false; doubt = false; verdict = FAILED; goto finish
		:: else
		fi
	}
	atomic { may_die(); marker[AT(a, n)] = true }
#else
	atomic { may_die(); marker[AT(a, n)] = true }
	atomic {
		may_die();
		look_for_rivals();
		if
		:: !doubt && !rival -> goto engine
		:: else
		fi
	}
	atomic {
		may_die();
		marker[AT(a, n)] = false; again = !doubt; doubt = false; rival = false;
		if
		:: again -> again = false; goto change
		:: again = false; verdict = FAILED; goto finish    /* in doubt, or has waited long enough */
		fi
	}
#endif

engine:
	atomic {
		may_die();
		if
		:: lock == NOBODY ->
			lock = me; again = saved; working++;
			assert(working == 1)
		:: else -> goto locked
		fi;
#ifdef MARKER_TOO_EARLY
		marker[AT(a, n)] = false;
#endif
#ifdef END_BEFORE_SAVE
		end[AT(a, n)] = SUCCESS
#endif
	}
	atomic {
		if
		:: deaths > 0 -> deaths--; working--; goto dead
		:: true
		fi;
		if
		:: !again -> built++
		:: else
		fi;
		again = false;
		assert(built == 1)
	}
	atomic {
		if
		:: deaths > 0 -> deaths--; working--; goto dead
		:: true
		fi;
		saved = true
	}
	atomic {
		working--;
		may_die();
		assert(lock == me);
		lock = NOBODY; verdict = SUCCESS
	}
	atomic { may_die(); marker[AT(a, n)] = false; goto finish }
locked:
	atomic { may_die(); marker[AT(a, n)] = false; verdict = FAILED }

finish:
	atomic { may_die(); write_end(verdict); mine = false }
report:
	atomic { may_die(); tell(verdict); if :: heard -> heard = false :: else -> goto dead fi }
	atomic { may_die(); delivered[AT(a, n)] = true }
	atomic { may_die(); open[a] = false }
dead:
	atomic { gone[me] = true; n = 0; verdict = 0; again = false; rival = false; doubt = false }
}

proctype Sweep(byte me) {
	byte a, n, verdict, who;
	bool heard, mine, is_dead;

	if
	:: me == LAST_SWEEP -> settled
	:: else
	fi;
look:
	atomic {
		may_die();
		n = LAST_BEGIN(a);
		if
		:: n == ATTEMPTS && shown[a] == PENDING -> goto take
		:: n == ATTEMPTS && shown[a] != PENDING -> goto next
		:: n < ATTEMPTS && !open[a] -> goto next
		:: n < ATTEMPTS && open[a] && delivered[AT(a, n)] -> goto close
		:: n < ATTEMPTS && open[a] && !delivered[AT(a, n)] && end[AT(a, n)] != PENDING ->
			verdict = end[AT(a, n)]; goto report
		:: else ->
			who = begin[AT(a, n)];
			judge(who);
			if
			:: is_dead -> is_dead = false
			:: else -> goto next
			fi
		fi
	}
	atomic {
		may_die();
		if
		:: lock == who ->
			assert(gone[who]);       /* a living run's lock is never freed */
			lock = NOBODY
		:: else
		fi
	}
	atomic {
		may_die();
		if
		:: shown[a] != PENDING -> goto deliver
		:: else -> goto lose
		fi
	}
take:	/* No run took it: a sweep does, so that none can take it too. */
	atomic { may_die(); open[a] = true }
	atomic {
		may_die();
		if
		:: begin[AT(a, 0)] == NOBODY -> begin[AT(a, 0)] = me; n = 0
		:: else -> goto next
		fi
	}
lose:
	atomic {
		may_die();
		write_end(FAILED);
		if
		:: mine -> mine = false; verdict = FAILED
		:: else -> goto next
		fi
	}
#ifndef NO_SECOND_LOOK
	atomic {                         /* a run may have taken over from it meanwhile */
		may_die();
		if
		:: n < 2 && begin[AT(a, n + 1)] != NOBODY -> goto next
		:: else
		fi
	}
#endif
report:
	atomic { may_die(); tell(verdict); if :: heard -> heard = false :: else -> goto next fi }
deliver:
	atomic { may_die(); delivered[AT(a, n)] = true }
close:
	atomic { may_die(); open[a] = false }
	atomic {                         /* a run may have taken over from it meanwhile */
		may_die();
		if
		:: LAST_BEGIN(a) != n -> open[a] = true
		:: else
		fi
	}
next:
	atomic {
		n = 0; verdict = 0; who = 0; heard = false; mine = false;
		if
		:: a == 0 -> a = 1; goto look
		:: else
		fi
	}
dead:
	atomic {
		a = 0; n = 0; verdict = 0; who = 0; heard = false; mine = false; gone[me] = true;
		if
		:: me == LAST_SWEEP ->
			assert(shown[0] != PENDING && shown[1] != PENDING);
			assert(shown[0] == LAST_END(0) && shown[1] == LAST_END(1));
			assert(!open[0] && !open[1])
		:: else
		fi
	}
}

init {
	atomic {
		run Runner(0, 0); run Runner(1, 0);
#if RUNNERS == 3
		run Runner(2, 1);
#else
		gone[2] = true;
#endif
		run Sweep(FIRST_SWEEP); run Sweep(LAST_SWEEP)
	}
}
