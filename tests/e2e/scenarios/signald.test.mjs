// SPDX-License-Identifier: LGPL-2.1-or-later
// genos-signald carries unmodified pages that meet nobody else. What they do once they are linked is
// no business of a relay, and native peers are tested over it in everything else.
import {joinBehaviours} from '../behaviours/join.mjs';
import {pagePair} from '../harness/pairs.mjs';

joinBehaviours(pagePair('signald'));
