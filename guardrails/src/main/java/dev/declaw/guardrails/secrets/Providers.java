package dev.declaw.guardrails.secrets;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32;

/// Credentials that name their provider: a literal prefix and enough characters after it. Prefixes are public, from the
/// providers' own documentation; the tail only needs to be long enough, so that a longer future format still counts.
final class Providers {
    /// @param min fewest characters after the prefix
    /// @param max most, 0 for no limit but [#TAIL_CHARS_MAX]
    private record Shape(String prefix, int min, int max, Tail tail) {}

    private enum Tail {
        HEX, UPPER, ALNUM, CORE, EXTENDED;

        boolean has(char c) {
            return switch (this) {
                case HEX -> Chars.hex(c);
                case UPPER -> c >= '0' && c <= '9' || c >= 'A' && c <= 'Z';
                case ALNUM -> Chars.alphanumeric(c);
                case CORE -> Chars.token(c);
                case EXTENDED -> Chars.extended(c) && c != ':' && c != '|';
            };
        }
    }

    private static final int TAIL_CHARS_MAX = 4096;

    /// Prefix, fewest and most characters after it; one group a tail class.
    private static final String UPPERS = "AKIA 16 16,ASIA 16 16,ABIA 16 16,ACCA 16 16,A3T 17 17";
    private static final String HEXES = "dop_v1_ 64,doo_v1_ 64,dor_v1_ 64,rubygems_ 48,sntryu_ 64,shippo_live_ 40,shippo_test_ 40,"
            + "glptt- 40 40,key- 32 32,pubkey- 32 32,AC 32 32,SK 32 32,live_ 35,test_ 35,live_pub_ 31,test_pub_ 31,dapi 32 34,sqp_ 40,squ_ 40,sqa_ 40,"
            + "ATTA 60,PKT 40,nfp_ 36,ccpat_ 32,sl. 100,shpat_ 32 32,shpca_ 32 32,shppa_ 32 32,shpss_ 32 32,AGE-SECRET-KEY-1 58";
    private static final String ALNUMS = "EAA 60,ghp_ 36,gho_ 36,ghu_ 36,ghs_ 36,ghr_ 36,npm_ 36,hf_ 30,api_org_ 30,gsk_ 40,r8_ 37,xai- 40,pplx- 40,lin_api_ 40,lin_oauth_ 60,"
            + "ntn_ 40,rdme_ 60,LTAI 20 24,EZAK 54,EZTK 54,NRAK- 27,NRJS- 19,pnu_ 36,pnb_ 36,sgp_ 40,ico- 32,CLOJARS_ 60,4b1d 38 38,"
            + "sk_live_ 10,sk_test_ 10,sk_prod_ 10,rk_live_ 10,rk_test_ 10,rk_prod_ 10,pk_live_ 20,sm_aat_ 16,sm_pat_ 16,sm_sat_ 16,"
            + "API- 26 26,cio_ 30,fo1_ 40,frl_ 30,lsv2_pt_ 32,lsv2_sk_ 32,figd_ 40,figo_ 40,fly_ 30,tfp_ 40,dckr_pat_ 24,dckr_oat_ 24,sbp_ 40,re_ 30,rnd_ 28,e2b_ 36,tvly- 28,"
            + "phc_ 40,phx_ 40,ctp_ 40,glc_ 32,glsa_ 32,pat 17,rzp_live_ 14,rzp_test_ 14,cmVmd 59,AKCp 10,ops_ey 60,exa- 30,co_ 40,jina_ 50,tgp_v1_ 40,nvapi- 60";
    private static final String CORES = "FLWSECK_TEST- 20,FLWPUBK_TEST- 20,FLWSECK- 20,PMAK- 20,xkeysib- 60,github_pat_ 36,glpat- 20,gldt- 20,glft- 20,glsoat- 20,glrt- 20,glimt- 25,glcbt- 18,glffct- 20,glagent- 40,gloas- 40,GR1348941 20,"
            + "sk-ant- 30,sk-proj- 30,sk-svcacct- 30,sk-admin- 30,sk-or-v1- 40,sk- 32,xoxb- 20,xoxp- 20,xoxa- 12,xoxr- 12,xoxs- 12,xoxo- 12,xoxe- 20,xapp- 14,"
            + "AIza 35,GOCSPX- 24,pypi- 50,secret_ 40,sq0atp- 22,sq0csp- 40,EAAA 60,hvb. 90,hvs. 20,s. 24 24,fm1_ 30,fm2_ 30,fm1r_ 30,fm1a_ 30,fo1_ 30,HRKU- 36,"
            + "p8e- 32,s-s4t2ud- 40,s-s4t2af- 40,tk-us- 40,access-sandbox- 30,access-development- 30,access-production- 30,t1. 40,YC 38 38,dapi 32,ATATT3 60,ATCTT3 60,BBDC- 40,"
            + "whsec_ 24,sha256~ 40,ABSK 100,pscale_tkn_ 20,pscale_pw_ 20,pscale_oauth_ 20,sntrys_ 40,bedrock-api-key- 20,duffel_live_ 30,duffel_test_ 30,dp.pt. 40,dp.st. 40,dp.ct. 40,"
            + "pul- 40,glab_ 30,NRII- 30,CFPAT- 40,v1.0- 40,mfa. 60,AP- 40,b_ 44 44,sk_ 40,live_ 40,test_ 40,oauth2_ 40,ddp_ 30,patl 30,ubr 30,snyk_uat. 40,rpa_ 40,tskey- 20,shpua_ 30";
    private static final String EXTENDEDS = "ABSK 100,pscale_tkn_ 20,pscale_pw_ 20,pscale_oauth_ 20,sntrys_ 40,bedrock-api-key- 20,SG. 50,hvs. 20,hvb. 60,sat. 40,pat. 40,duffel_live_ 30,duffel_test_ 30,"
            + "ya29. 30,1// 36,pk. 60,sk. 60,fm1_ 40,fm2_ 40,fm1r_ 40,t1. 60,dt0c01. 60,dt0s02. 60,v2.local. 40,eyJ 30,tfp_ 40,ATATT3 100,xoxe.xoxb- 30,xoxe.xoxp- 30,glpat- 20,ops_ 60,00D 60";

    /// By the first two characters.
    private static final Shape[][] BY_START = index();

    private Providers() {}

    /// Whether some credential begins with these two characters.
    static boolean mayBegin(char first, char second) {
        return first < 128 && second < 128 && BY_START[first << 7 | second] != null;
    }

    /// End of the credential that starts here, or -1.
    static int match(char[] text, int start, int length, boolean examples) {
        if (start + 1 >= length || text[start] >= 128 || text[start + 1] >= 128) return -1;
        Shape[] shapes = BY_START[text[start] << 7 | text[start + 1]];
        if (shapes == null) return -1;
        int best = -1;
        for (Shape shape : shapes) {
            if (shape.prefix.length() > length - start || !startsWith(text, start, shape.prefix)) continue;
            int from = start + shape.prefix.length();
            int limit = Math.min(length, from + TAIL_CHARS_MAX);
            int end = from;
            while (end < limit && shape.tail.has(text[end])) end++;
            while (end > from && (text[end - 1] == '.' || text[end - 1] == '/')) end--;
            int count = end - from;
            if (count < shape.min || shape.max > 0 && count > shape.max) continue;
            if (shape.max == shape.min && end < length && Chars.alphanumeric(text[end])) continue;
            if (shape.min < 64 && !mixed(text, from, end, shape, examples)) continue;
            best = Math.max(best, end);
        }
        return best;
    }

    /// A tail of letters alone is a word or a name unless the prefix is telling.
    private static boolean mixed(char[] text, int from, int end, Shape shape, boolean examples) {
        int digits = 0;
        int lower = 0;
        int upper = 0;
        int joints = 0;
        boolean same = true;
        for (int i = from; i < end; i++) {
            if (text[i] == '_' || text[i] == '-') joints++;
            byte type = Chars.of(text[i]);
            if (type == Chars.DIGIT) digits++;
            else if (type == Chars.LOWER) lower++;
            else if (type == Chars.UPPER) upper++;
            same &= text[i] == text[from];
        }
        if (same || Values.placeholder(text, from, end, examples)) return false;
        boolean telling = shape.prefix.length() >= 3 && joints * 6 <= end - from;
        if (digits > 0 && telling && shape.prefix.length() >= 4) return true;
        if (digits == 0 && telling && lower + upper == end - from && end - from >= 20) return !shape.prefix.endsWith("-") || lower > 0 && upper > 0;
        return shape.tail == Tail.HEX || shape.tail == Tail.UPPER || Randomness.random(text, from, end, false);
    }

    /// Whether a `ghp_` style token's own check digits agree: its last six characters are the CRC-32 of the rest in base 62.
    static boolean gitHubChecksum(char[] text, int start, int end) {
        if (end - start != 40 || text[start] != 'g' || text[start + 1] != 'h' || text[start + 3] != '_') return false;
        CRC32 crc = new CRC32();
        crc.update(new String(text, start + 4, 30).getBytes(StandardCharsets.ISO_8859_1));
        String digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
        long value = crc.getValue();
        for (int i = end - 1; i >= end - 6; i--) {
            if (text[i] != digits.charAt((int) (value % 62))) return false;
            value /= 62;
        }
        return true;
    }

    private static boolean startsWith(char[] text, int start, String prefix) {
        for (int i = 0; i < prefix.length(); i++) if (text[start + i] != prefix.charAt(i)) return false;
        return true;
    }

    private static Shape[][] index() {
        List<List<Shape>> lists = new ArrayList<>();
        for (int i = 0; i < 1 << 14; i++) lists.add(new ArrayList<>());
        add(lists, UPPERS, Tail.UPPER);
        add(lists, HEXES, Tail.HEX);
        add(lists, ALNUMS, Tail.ALNUM);
        add(lists, CORES, Tail.CORE);
        add(lists, EXTENDEDS, Tail.EXTENDED);
        Shape[][] index = new Shape[1 << 14][];
        for (int i = 0; i < 1 << 14; i++) if (!lists.get(i).isEmpty()) index[i] = lists.get(i).toArray(Shape[]::new);
        return index;
    }

    private static void add(List<List<Shape>> lists, String table, Tail tail) {
        for (String row : table.split(",")) {
            String[] cells = row.split(" ");
            int max = cells.length > 2 ? Integer.parseInt(cells[2]) : 0;
            lists.get(cells[0].charAt(0) << 7 | cells[0].charAt(1)).add(new Shape(cells[0], Integer.parseInt(cells[1]), max, tail));
        }
    }
}
